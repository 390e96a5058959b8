/* SPDX-License-Identifier: Apache-2.0 */
/*
 * changelog - what a change did to a running container, said to its caller
 */
#include "hook/changelog.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hook/devfilter.h"
#include "hook/log.h"
#include "hook/quirks.h"
#include "oci/jsonw.h"

/* --- one line --- */

/* What changed: "memory.max", or where a step has no file, what was done. */
struct line {
	const char *op, *controller, *path, *file, *from, *to, *why;
};

static void put_json(struct jsonw *w, const struct line *l)
{
	jsonw_flat_object(w, NULL);
	jsonw_string(w, "op", l->op);
	jsonw_string(w, "controller", l->controller);
	jsonw_string(w, "path", l->path);
	jsonw_string(w, "file", l->file);
	jsonw_string(w, "from", l->from);
	jsonw_string(w, "to", l->to);
	jsonw_string(w, "why", l->why);
	jsonw_end_object(w);
}

/* Values of several lines on one. */
static const char *flat(const char *s, struct arena *a)
{
	char *copy = arena_copy(a, s, strlen(s));

	for (char *at = copy; *at; at++)
		if (*at == '\n')
			*at = ',';
	return copy;
}

/* A path on v1 may be in many hierarchies: which is told where the file's name does not. */
static void put_text(struct text *out, const struct line *l, bool v1, struct arena *a)
{
	size_t n = l->controller ? strlen(l->controller) : 0;

	text_printf(out, "%s %s", l->path, l->file ? l->file : l->op);
	if (v1 && n && !(l->file && strncmp(l->file, l->controller, n) == 0 && l->file[n] == '.'))
		text_printf(out, " (%s)", l->controller);
	if (l->from)
		text_printf(out, ": %s ->", *l->from ? flat(l->from, a) : "(empty)");
	else if (l->to)
		text_puts(out, ":");
	if (l->to)
		text_printf(out, " %s", l->to);
	text_printf(out, "  # %s\n", l->why);
}

static void put(struct change *c, struct jsonw *w, const struct line *l)
{
	if (c->context->options.json)
		put_json(w, l);
	else
		put_text(c->context->out, l, record_version(&c->after, l->controller) == 1,
			 c->context->arena);
}

/* --- a unit's properties --- */

static const char *value_text(const struct unit_property *p, struct arena *a)
{
	struct text t = {0};
	const char *copy;

	if (!p)
		return NULL;
	unitprop_text(p, &t);
	copy = arena_copy(a, t.s, t.len);
	text_free(&t);
	return copy;
}

static void put_properties(struct change *c, struct jsonw *w, const struct record_step *s)
{
	struct arena *a = c->context->arena;
	struct unit_properties old = {0}, set = {0};

	if (unitprop_parse(&old, a, "record", s->old, strlen(s->old), NULL) < 0 ||
	    unitprop_parse(&set, a, "record", s->set, strlen(s->set), NULL) < 0)
		return;
	for (size_t i = 0; i < set.n; i++) {
		const struct unit_property *p = &set.list[i];
		const struct unit_property *was = unitprop_find(&old, p->name);
		struct line l = {.op = plan_op_name[s->step.op],
				 .controller = s->step.controller,
				 .path = s->step.value,
				 .file = p->name,
				 .from = value_text(was, a),
				 .to = value_text(p, a),
				 .why = p->why ? p->why : s->step.why};

		/* A list that is sent anew is sent empty first, its policy with it. */
		if (unitprop_find(&set, p->name) == p && was && !unitprop_equal(p, was))
			put(c, w, &l);
	}
}

/* --- devices --- */

/* What the filter was before the first setup, as the record has it. */
static const char *old_filter(const struct record *r, const char *path)
{
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct record_step *s = &r->steps[i];

		if (s->step.op == PLAN_DEVICES && strcmp(s->step.path, path) == 0)
			return s->fresh ? NULL : s->old;
	}
	return NULL;
}

void changelog_look(struct drift *ret, struct change *c, const struct plan_step *steps, size_t n)
{
	const struct record *r = &c->after;

	*ret = (struct drift){.arena = c->context->arena};
	for (size_t i = 0; i < n; i++) {
		const struct devfilter_wish w = {.policy = &r->devices,
						 .denied = &r->denied,
						 .adopted = r->mode == MODE_ADOPT,
						 .told_systemd = r->manager == MANAGER_SYSTEMD,
						 .old = old_filter(&c->before, steps[i].path),
						 .why = steps[i].why};
		size_t before = ret->n;
		struct error ignored;

		if (steps[i].op != PLAN_DEVICES)
			continue;
		if (devfilter_check(ret, &c->fs, record_version(r, steps[i].controller),
				    steps[i].path, &w, &ignored) < 0)
			ret->n = before;
		for (size_t k = before; k < ret->n; k++)
			ret->rows[k].where = steps[i].path;
	}
}

/* Is a filter brought to something else? A v1 list that allows all but some does not tell what
 * these are: there the policies do. */
static bool is_filtered_anew(const struct change *c, const struct drift *devices, const char *path)
{
	if (!devrules_equal(&c->before.devices, &c->after.devices) ||
	    !devrules_equal(&c->before.denied, &c->after.denied))
		return true;
	for (size_t i = 0; i < devices->n; i++)
		if (devices->rows[i].what == DRIFT_DEVICES &&
		    strcmp(devices->rows[i].where, path) == 0)
			return true;
	return false;
}

static bool has_rule(const struct device_policy *p, const struct device_entry *d)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct device_entry *k = &p->entries[i];

		if (k->type == d->type && k->major == d->major && k->minor == d->minor &&
		    k->access == d->access)
			return true;
	}
	return false;
}

struct rules {
	const char **list;
	size_t n;
};

/* What is in one policy and not in the other, in words. */
static void list_rules(struct rules *ret, const struct device_policy *in,
		       const struct device_policy *not_in, struct arena *a)
{
	const bool turned = in->allow != not_in->allow;
	char rule[32];

	*ret = (struct rules){0};
	if (turned)
		*ARENA_APPEND(a, ret->list, ret->n) = in->allow ? "default allow" : "default deny";
	for (size_t i = 0; i < in->n; i++)
		if (turned || !has_rule(not_in, &in->entries[i]))
			*ARENA_APPEND(a, ret->list, ret->n) =
			    arena_printf(a, "%s%s", in->allow ? "deny " : "",
					 devrules_format(&in->entries[i], rule));
}

static void put_rules_json(struct jsonw *w, const char *key, const struct rules *r, bool known)
{
	if (!known) {
		jsonw_null(w, key);
		return;
	}
	jsonw_flat_array(w, key);
	for (size_t i = 0; i < r->n; i++)
		jsonw_string(w, NULL, r->list[i]);
	jsonw_end_array(w);
}

/* A filter: which rules went, and which came. Where the record's are the same, others have changed
 * it, and what they did is not known. */
static void put_devices(struct change *c, struct jsonw *w, const struct plan_step *s)
{
	struct arena *a = c->context->arena;
	struct text *out = c->context->out;
	struct rules went, came;
	bool known;

	list_rules(&went, &c->before.devices, &c->after.devices, a);
	list_rules(&came, &c->after.devices, &c->before.devices, a);
	known = went.n || came.n;
	if (c->context->options.json) {
		jsonw_flat_object(w, NULL);
		jsonw_string(w, "op", plan_op_name[s->op]);
		jsonw_string(w, "controller", s->controller);
		jsonw_string(w, "path", s->path);
		jsonw_string(w, "file", s->file);
		put_rules_json(w, "from", &went, known);
		put_rules_json(w, "to", &came, known);
		jsonw_string(w, "why", s->why);
		jsonw_end_object(w);
		return;
	}
	text_printf(out, "%s %s%s", s->path, plan_op_name[s->op], known ? ":" : "");
	for (size_t i = 0; i < came.n; i++)
		text_printf(out, " +%s", came.list[i]);
	for (size_t i = 0; i < went.n; i++)
		text_printf(out, " -%s", went.list[i]);
	text_printf(out, "  # %s\n", s->why);
}

/* --- all --- */

static bool matters(const struct change *c, const struct drift *devices,
		    const struct record_step *s, uint64_t page_size)
{
	switch (s->step.op) {
	case PLAN_WRITE:
	case PLAN_VERIFY:
		return !s->old || !quirks_same(record_version(&c->work, s->step.controller),
					       s->step.file, s->step.value, s->old, page_size);
	case PLAN_SET: return s->set != NULL;
	case PLAN_MKDIR: return s->fresh;
	case PLAN_DEVICES: return is_filtered_anew(c, devices, s->step.path);
	case PLAN_PLACE:
	case PLAN_ENABLE:
	case PLAN_AFFINITY:
	case PLAN_START: return true;
	default: return false;
	}
}

void changelog_print(struct change *c)
{
	changelog_print_with(c, &(struct drift){.n = 0});
}

void changelog_print_with(struct change *c, const struct drift *devices)
{
	struct jsonw w = {.out = c->context->out, .pretty = true};
	uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	const size_t silent = c->context->out->len;

	if (c->context->options.json)
		jsonw_array(&w, NULL);
	for (size_t i = 0; i < c->work.n_steps; i++) {
		const struct record_step *s = &c->work.steps[i];
		const struct line l = {.op = plan_op_name[s->step.op],
				       .controller = s->step.controller,
				       .path = s->step.path,
				       .file = s->step.file,
				       .from = s->old,
				       .to = s->step.value,
				       .why = s->step.why};

		if (!matters(c, devices, s, page_size))
			continue;
		if (s->step.op == PLAN_SET)
			put_properties(c, &w, s);
		else if (s->step.op == PLAN_DEVICES)
			put_devices(c, &w, &s->step);
		else
			put(c, &w, &l);
	}
	if (c->context->options.json) {
		jsonw_end_array(&w);
		text_puts(c->context->out, "\n");
	} else if (c->context->out->len == silent) {
		text_printf(c->context->out, "%s: nothing to change\n", c->before.id);
	}
}

/* What the kernel does about a limit of memory that is below the usage. */
static const char *what_of_memory(const struct change *c, const struct plan_step *s)
{
	if (record_version(&c->before, s->controller) == 1)
		return ": the kernel takes memory back, and where it cannot, it refuses the limit";
	return strcmp(s->file, "memory.high") == 0
		   ? ": the kernel takes memory back, and slows the VM down until it has"
		   : ": the kernel takes memory back, and where it cannot, it kills";
}

void changelog_warn_usage(struct change *c, const struct plan_step *s, const char *usage_file)
{
	const char *usage;
	char *end;
	unsigned long long limit = strtoull(s->value, &end, 10), used;

	if (end == s->value || *end || *s->value == '-' ||
	    cgroupfs_read(&usage, &c->fs, s->controller, s->path, usage_file, NULL) != 0)
		return;
	used = strtoull(usage, NULL, 10);
	if (used > limit)
		log_warning("%s = %llu is below what is used now, %s = %llu%s", s->file, limit,
			    usage_file, used,
			    strncmp(s->file, "memory", strlen("memory")) == 0
				? what_of_memory(c, s)
				: ": no new process can start until enough have ended");
}
