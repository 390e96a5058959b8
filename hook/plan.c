/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan - the ordered list of steps that setup takes, as a value
 *
 * The list, and its stable JSON form for programs. The form for people is in
 * plan_text.c.
 */
#include "hook/plan.h"

#include <stdarg.h>

#include "oci/jsonw.h"

const char *const plan_op_name[] = {
    [PLAN_CHECK] = "check",     [PLAN_MKDIR] = "mkdir",       [PLAN_ENABLE] = "enable",
    [PLAN_INHERIT] = "inherit", [PLAN_DEVICES] = "devices",   [PLAN_PLACE] = "place",
    [PLAN_WRITE] = "write",     [PLAN_AFFINITY] = "affinity", [PLAN_START] = "start",
    [PLAN_SET] = "set",         [PLAN_VERIFY] = "verify",
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

void plan_note(struct plan *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*ARENA_APPEND(p->arena, p->notes, p->n_notes) = arena_vprintf(p->arena, fmt, ap);
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

static void write_unit(struct jsonw *w, const struct plan *p)
{
	jsonw_object(w, "unit");
	jsonw_string(w, "name", p->unit);
	jsonw_string(w, "slice", p->slice);
	unitprop_json(w, "properties", &p->properties);
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
	if (p->unit)
		write_unit(&w, p);
	else
		jsonw_null(&w, "unit");
	if (p->has_devices)
		write_devices(&w, &p->devices);
	else
		jsonw_null(&w, "devices");
	jsonw_array(&w, "warnings");
	for (size_t i = 0; i < p->n_warnings; i++)
		jsonw_string(&w, NULL, p->warnings[i]);
	for (size_t i = 0; i < p->n_notes; i++)
		jsonw_string(&w, NULL, p->notes[i]);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	text_puts(out, "\n");
}
