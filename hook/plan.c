/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan - the ordered list of steps that setup takes, as a value
 *
 * Three things live here: the list itself, its stable JSON form for programs,
 * and its form for people. The text form quotes what came from input, so
 * control characters are shown as \xNN there: a plan must not steer a terminal.
 */
#include "hook/plan.h"

#include <stdarg.h>
#include <string.h>

#include "oci/jsonw.h"

enum { DETAIL_MAX_COLUMN = 56 }; /* wider details do not push the reasons to the right */

const char *const plan_op_name[] = {
    [PLAN_CHECK] = "check",       [PLAN_MKDIR] = "mkdir",     [PLAN_ENABLE] = "enable",
    [PLAN_INHERIT] = "inherit",   [PLAN_DEVICES] = "devices", [PLAN_PLACE] = "place",
    [PLAN_AFFINITY] = "affinity", [PLAN_WRITE] = "write",
};

const char *const manager_name[] = {
    [MANAGER_CGROUPFS] = "cgroupfs",
    [MANAGER_SYSTEMD] = "systemd",
};

const char *const mode_name[] = {
    [MODE_OWN] = "own",
    [MODE_ADOPT] = "adopt",
};

/* --- the list --- */

void plan_add(struct plan *p, enum plan_phase phase, enum plan_op op, const char *controller,
	      const char *path, const char *file, const char *value, const char *why)
{
	struct plan_step *s = ARENA_APPEND(p->arena, p->steps, p->n_steps);

	*s = (struct plan_step){
	    .phase = phase,
	    .op = op,
	    .controller = controller,
	    .path = path,
	    .file = file,
	    .value = value,
	    .why = why,
	};
}

void plan_warn(struct plan *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*ARENA_APPEND(p->arena, p->warnings, p->n_warnings) = arena_vprintf(p->arena, fmt, ap);
	va_end(ap);
}

void plan_sort(struct plan *p)
{
	struct plan_step *sorted;
	size_t n = 0;

	if (!p->n_steps)
		return;
	/* The room of the old array, which is what plan_add relies on when it appends. */
	sorted = arena_alloc(p->arena, 2 * p->n_steps * sizeof(*sorted) + 4 * sizeof(*sorted));
	for (int phase = PHASE_CHECK; phase <= PHASE_UNIFIED; phase++) {
		for (size_t i = 0; i < p->n_steps; i++) {
			if ((int)p->steps[i].phase == phase)
				sorted[n++] = p->steps[i];
		}
	}
	p->steps = sorted;
}

/* --- JSON --- */

/* A device number; a wildcard is null. */
static void write_number(struct jsonw *w, const char *key, int64_t number)
{
	if (number == OCI_ANY)
		jsonw_null(w, key);
	else
		jsonw_int(w, key, number);
}

static void write_step(struct jsonw *w, const struct plan_step *s)
{
	jsonw_flat_object(w, NULL);
	jsonw_string(w, "op", plan_op_name[s->op]);
	jsonw_string(w, "controller", s->controller);
	jsonw_string(w, "path", s->path);
	if (s->file)
		jsonw_string(w, "file", s->file);
	if (s->value)
		jsonw_string(w, "value", s->value);
	jsonw_string(w, "why", s->why);
	jsonw_end_object(w);
}

static void write_devices(struct jsonw *w, const struct device_policy *d)
{
	jsonw_object(w, "devices");
	jsonw_string(w, "default", d->allow ? "allow" : "deny");
	jsonw_array(w, "rules");
	for (size_t i = 0; i < d->n; i++) {
		const struct device_entry *entry = &d->entries[i];
		const char type[] = {entry->type, '\0'};

		jsonw_flat_object(w, NULL);
		jsonw_string(w, "type", type);
		write_number(w, "major", entry->major);
		write_number(w, "minor", entry->minor);
		jsonw_string(w, "access", devrules_access(entry->access));
		jsonw_string(w, "why", entry->why);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
	jsonw_end_object(w);
}

void plan_json(const struct plan *p, struct text *out)
{
	struct jsonw w = {.out = out, .pretty = true};

	jsonw_object(&w, NULL);
	jsonw_int(&w, "vmcg", 1);
	jsonw_string(&w, "layout", layout_name[p->layout]);
	jsonw_string(&w, "manager", manager_name[p->manager]);
	jsonw_string(&w, "mode", mode_name[p->mode]);
	jsonw_flat_object(&w, "target");
	jsonw_string(&w, "path", p->path);
	jsonw_string(&w, "unit", p->unit);
	jsonw_string(&w, "slice", p->slice);
	jsonw_end_object(&w);
	jsonw_array(&w, "steps");
	for (size_t i = 0; i < p->n_steps; i++)
		write_step(&w, &p->steps[i]);
	jsonw_end_array(&w);
	jsonw_null(&w, "unit");
	if (p->has_devices)
		write_devices(&w, &p->devices);
	else
		jsonw_null(&w, "devices");
	jsonw_array(&w, "warnings");
	for (size_t i = 0; i < p->n_warnings; i++)
		jsonw_string(&w, NULL, p->warnings[i]);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	text_puts(out, "\n");
}

/* --- text --- */

/* Input as it came, but for control characters. */
static void put_plain(struct text *out, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c == 0x7f)
			text_printf(out, "\\x%02x", c);
		else
			text_put(out, s, 1);
	}
}

/* " (512 MiB)" behind a number of bytes; "~" where the unit does not divide it. */
static void put_size_hint(struct text *out, const char *digits)
{
	static const char *const unit[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	uint64_t bytes = 0, one = 1;
	size_t u = 0;

	for (const char *c = digits; *c; c++) {
		unsigned digit = (unsigned)(*c - '0');

		if (digit > 9 || bytes > (UINT64_MAX - digit) / 10)
			return;
		bytes = bytes * 10 + digit;
	}
	while (bytes / one >= 1024) {
		one *= 1024;
		u++;
	}
	if (u == 0)
		return;
	if (bytes % one == 0)
		text_printf(out, " (%llu %s)", (unsigned long long)(bytes / one), unit[u]);
	else
		text_printf(out, " (~%llu.%llu %s)", (unsigned long long)(bytes / one),
			    (unsigned long long)(bytes % one / (one / 1024) * 10 / 1024), unit[u]);
}

/* "memory.max = 536870912 (512 MiB)" */
static void put_setting(struct text *out, const struct plan_step *s)
{
	put_plain(out, s->file);
	text_puts(out, " = ");
	put_plain(out, s->value);
	if (!strncmp(s->file, "memory.", 7) || !strncmp(s->file, "hugetlb.", 8))
		put_size_hint(out, s->value);
}

/* "memory.current + memory.swap.current <= 536870912 (512 MiB)" */
static void put_condition(struct text *out, const struct plan_step *s)
{
	for (const char *c = s->file; *c; c++)
		text_puts(out, *c == ' ' ? " + " : (const char[]){*c, '\0'});
	text_printf(out, " <= %s", s->value);
	put_size_hint(out, s->value);
}

/* What a step does in its cgroup, in words. */
static void put_detail(struct text *out, const struct plan *p, const struct plan_step *s)
{
	switch (s->op) {
	case PLAN_MKDIR: break;
	case PLAN_CHECK: put_condition(out, s); break;
	case PLAN_INHERIT: text_printf(out, "%s from the parent", s->file); break;
	case PLAN_DEVICES:
		text_printf(out, "%s by default, %zu %s", p->devices.allow ? "allow" : "deny",
			    p->devices.n, p->devices.n == 1 ? "rule" : "rules");
		break;
	case PLAN_AFFINITY: text_printf(out, "all CPUs of the cpuset for pid %s", s->value); break;
	case PLAN_ENABLE:
	case PLAN_PLACE:
	case PLAN_WRITE: put_setting(out, s); break;
	}
}

/* "-" keeps the columns where a step belongs to no controller. */
static const char *shown_controller(const struct plan_step *s)
{
	return s->controller && *s->controller ? s->controller : "-";
}

struct widths {
	size_t controller, path, detail;
};

static void widen(size_t *width, size_t n, size_t limit)
{
	if (n > *width && n <= limit)
		*width = n;
}

/* The columns of the step table. */
static struct widths measure(const struct plan *p)
{
	struct widths w = {0};
	struct text detail = {0};

	for (size_t i = 0; i < p->n_steps; i++) {
		detail.len = 0;
		put_detail(&detail, p, &p->steps[i]);
		widen(&w.controller, strlen(shown_controller(&p->steps[i])), SIZE_MAX);
		widen(&w.path, strlen(p->steps[i].path), DETAIL_MAX_COLUMN);
		widen(&w.detail, detail.len, DETAIL_MAX_COLUMN);
	}
	text_free(&detail);
	return w;
}

static void pad(struct text *out, size_t from, size_t width)
{
	size_t used = out->len - from;

	text_printf(out, "%*s", used < width ? (int)(width - used) : 0, "");
}

static void put_step(struct text *out, const struct plan *p, const struct plan_step *s,
		     const struct widths *w)
{
	size_t at;

	text_printf(out, "%-8s  %-*s  ", plan_op_name[s->op], (int)w->controller,
		    shown_controller(s));
	at = out->len;
	put_plain(out, s->path);
	pad(out, at, w->path);
	text_puts(out, "  ");
	at = out->len;
	put_detail(out, p, s);
	pad(out, at, w->detail);
	text_puts(out, "  # ");
	put_plain(out, s->why ? s->why : "");
	text_puts(out, "\n");
}

static void put_rules(struct text *out, const struct device_policy *d)
{
	char rule[32];

	text_printf(out, "\ndevices: %s by default%s\n", d->allow ? "allow" : "deny",
		    d->n ? d->allow ? ", but not" : ", but" : "");
	for (size_t i = 0; i < d->n; i++) {
		text_printf(out, "  %-18s  # ", devrules_format(&d->entries[i], rule));
		put_plain(out, d->entries[i].why ? d->entries[i].why : "");
		text_puts(out, "\n");
	}
}

void plan_text(const struct plan *p, struct text *out)
{
	struct widths w = measure(p);

	text_printf(out, "layout   %s\nmanager  %s\nmode     %s\ntarget   ", layout_name[p->layout],
		    manager_name[p->manager], mode_name[p->mode]);
	put_plain(out, p->path ? p->path : "");
	if (p->unit) {
		text_puts(out, "\nunit     ");
		put_plain(out, p->unit);
		text_puts(out, " in ");
		put_plain(out, p->slice ? p->slice : "-");
	}
	text_puts(out, p->n_steps ? "\n\n" : "\n");
	for (size_t i = 0; i < p->n_steps; i++)
		put_step(out, p, &p->steps[i], &w);
	if (p->has_devices)
		put_rules(out, &p->devices);
	if (p->n_warnings)
		text_puts(out, "\n");
	for (size_t i = 0; i < p->n_warnings; i++) {
		text_puts(out, "warning: ");
		put_plain(out, p->warnings[i]);
		text_puts(out, "\n");
	}
}
