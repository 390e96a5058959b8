/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_text - a plan for people: a head, one line a step, the unit's properties,
 * device rules, warnings
 *
 * The columns are as wide as the plan needs. Much of it came from input, so
 * control characters are shown as \xNN: a plan must not steer a terminal.
 */
#include "hook/plan.h"

#include <stdio.h>
#include <string.h>

#include "hook/convert.h"

enum {
	DETAIL_MAX_COLUMN = 56, /* wider details do not push the reasons to the right */
	SHOWN_ITEMS = 2,        /* of a long list */
};

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
	uint64_t bytes, one = 1;
	size_t u = 0;

	if (!convert_digits(digits, strlen(digits), &bytes))
		return;
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

/* " (0.5 CPUs)" behind a quota and its period; two digits, the rest cut. */
static void put_cpu_hint(struct text *out, const char *value)
{
	const char *blank = strchr(value, ' ');
	uint64_t quota, period, cents;

	if (!blank || !convert_digits(value, (size_t)(blank - value), &quota) ||
	    !convert_digits(blank + 1, strlen(blank + 1), &period) || !period ||
	    quota > UINT64_MAX / 100)
		return;
	cents = quota * 100 / period;
	text_printf(out, " (%llu", (unsigned long long)(cents / 100));
	if (cents % 10)
		text_printf(out, ".%02llu", (unsigned long long)(cents % 100));
	else if (cents % 100)
		text_printf(out, ".%llu", (unsigned long long)(cents % 100 / 10));
	text_puts(out, cents == 100 ? " CPU)" : " CPUs)");
}

/* "memory.max = 536870912 (512 MiB)" */
static void put_setting(struct text *out, const struct plan_step *s)
{
	put_plain(out, s->file);
	text_puts(out, " = ");
	put_plain(out, s->value);
	if (!strncmp(s->file, "memory.", 7) || !strncmp(s->file, "hugetlb.", 8))
		put_size_hint(out, s->value);
	else if (!strcmp(s->file, "cpu.max"))
		put_cpu_hint(out, s->value);
}

/* "memory.current + memory.swap.current <= 536870912 (512 MiB)" */
static void put_condition(struct text *out, const struct plan_step *s)
{
	for (const char *c = s->file; *c; c++)
		text_puts(out, *c == ' ' ? " + " : (const char[]){*c, '\0'});
	text_printf(out, " <= %s", s->value);
	put_size_hint(out, s->value);
}

/* What a property comes to in a unit that people count in. */
static void put_property_hint(struct text *out, const struct unit_property *p)
{
	char digits[24];

	if (strcmp(p->type, "t") != 0 || p->number == UNITPROP_INFINITY)
		return;
	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)p->number);
	if (!strncmp(p->name, "Memory", 6))
		put_size_hint(out, digits);
	else if (!strcmp(p->name, "CPUQuotaPerSecUSec"))
		text_printf(out, " (%llu%% of a CPU)", (unsigned long long)p->number / 10000);
	else if (!strcmp(p->name, "TimeoutStopUSec"))
		text_printf(out, " (%llu s)", (unsigned long long)p->number / 1000000);
}

/* The value of a property; a long list is cut, it stands below as device rules. */
static void put_property(struct text *out, const struct unit_property *p)
{
	struct unit_property head = *p;
	struct text value = {0};

	if (p->n_items > SHOWN_ITEMS + 1)
		head.n_items = SHOWN_ITEMS;
	unitprop_text(&head, &value);
	if (head.n_items < p->n_items) {
		value.s[--value.len] = '\0'; /* the bracket */
		text_printf(&value, ", and %zu more]", p->n_items - head.n_items);
	}
	put_plain(out, value.s);
	text_free(&value);
	put_property_hint(out, p);
}

/* "deny all but 12 rules" */
static void put_policy(struct text *out, const struct device_policy *d)
{
	text_puts(out, d->allow ? "allow all" : "deny all");
	if (d->n)
		text_printf(out, " but %zu %s", d->n, d->n == 1 ? "rule" : "rules");
}

/* What a step does in its cgroup, in words. */
static void put_detail(struct text *out, const struct plan *p, const struct plan_step *s)
{
	switch (s->op) {
	case PLAN_MKDIR: break;
	case PLAN_CHECK: put_condition(out, s); break;
	case PLAN_INHERIT: text_printf(out, "%s from the parent", s->file); break;
	case PLAN_DEVICES: put_policy(out, &p->devices); break;
	case PLAN_AFFINITY: text_printf(out, "all CPUs of the cpuset for pid %s", s->value); break;
	case PLAN_START:
	case PLAN_SET: put_plain(out, s->value); break;
	case PLAN_ENABLE:
	case PLAN_PLACE:
	case PLAN_VERIFY:
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

/* One line a property, in the order in which systemd gets them. */
static void put_properties(struct text *out, const struct unit_properties *list)
{
	size_t name = 0, value = 0, at;
	struct text shown = {0};

	for (size_t i = 0; i < list->n; i++) {
		shown.len = 0;
		put_property(&shown, &list->list[i]);
		widen(&name, strlen(list->list[i].name), SIZE_MAX);
		widen(&value, shown.len, DETAIL_MAX_COLUMN);
	}
	text_free(&shown);
	text_puts(out, "\nproperties\n");
	for (size_t i = 0; i < list->n; i++) {
		text_printf(out, "  %-*s = ", (int)name, list->list[i].name);
		at = out->len;
		put_property(out, &list->list[i]);
		pad(out, at, value);
		text_puts(out, "  # ");
		put_plain(out, list->list[i].why ? list->list[i].why : "");
		text_puts(out, "\n");
	}
}

static void put_rules(struct text *out, const struct device_policy *d)
{
	char rule[32];

	text_puts(out, "\ndevices  ");
	put_policy(out, d);
	text_puts(out, "\n");
	for (size_t i = 0; i < d->n; i++) {
		text_printf(out, "  %-18s  # ", devrules_format(&d->entries[i], rule));
		put_plain(out, d->entries[i].why ? d->entries[i].why : "");
		text_puts(out, "\n");
	}
}

static void put_warnings(struct text *out, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		text_puts(out, "warning: ");
		put_plain(out, list[i]);
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
	if (p->properties.n)
		put_properties(out, &p->properties);
	if (p->has_devices)
		put_rules(out, &p->devices);
	if (p->n_warnings + p->n_notes)
		text_puts(out, "\n");
	put_warnings(out, p->warnings, p->n_warnings);
	put_warnings(out, p->notes, p->n_notes);
}
