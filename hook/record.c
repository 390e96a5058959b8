/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record - what was done for one container, as JSON
 *
 * Steps are written as the plan prints them, with "fresh" and "old" added, so a
 * record can be read by the same eyes and tools as a plan.
 */
#include "hook/record.h"

#include <string.h>

#include "oci/jsonw.h"
#include "oci/resources_json.h"

const char *const record_status_name[] = {"intent", "applied", "leaving"};

static void put_process(struct jsonw *w, const char *key, const struct facts_process *p)
{
	if (!p->pid)
		return;
	jsonw_object(w, key);
	jsonw_int(w, "pid", p->pid);
	jsonw_uint(w, "start", p->start);
	if (p->comm)
		jsonw_string(w, "comm", p->comm);
	if (p->n_cgroups) {
		jsonw_object(w, "cgroups");
		for (size_t i = 0; i < p->n_cgroups; i++)
			jsonw_string(w, p->cgroups[i].hierarchy, p->cgroups[i].path);
		jsonw_end_object(w);
	}
	jsonw_end_object(w);
}

static void put_policy(struct jsonw *w, const char *key, const struct device_policy *p)
{
	jsonw_object(w, key);
	jsonw_string(w, "default", p->allow ? "allow" : "deny");
	jsonw_array(w, "rules");
	for (size_t i = 0; i < p->n; i++) {
		const struct device_entry *d = &p->entries[i];

		jsonw_flat_object(w, NULL);
		jsonw_string(w, "type", d->type == 'b' ? "b" : "c");
		jsonw_int(w, "major", d->major);
		jsonw_int(w, "minor", d->minor);
		jsonw_string(w, "access", devrules_access(d->access));
		if (d->why)
			jsonw_string(w, "why", d->why);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
	jsonw_end_object(w);
}

static void put_step(struct jsonw *w, const struct record_step *s)
{
	jsonw_flat_object(w, NULL);
	jsonw_string(w, "op", plan_op_name[s->step.op]);
	jsonw_string(w, "controller", s->step.controller);
	jsonw_string(w, "path", s->step.path);
	if (s->step.file)
		jsonw_string(w, "file", s->step.file);
	if (s->step.value)
		jsonw_string(w, "value", s->step.value);
	jsonw_string(w, "why", s->step.why);
	jsonw_bool(w, "fresh", s->fresh);
	if (s->old)
		jsonw_string(w, "old", s->old);
	if (s->set)
		jsonw_string(w, "set", s->set);
	if (s->prior)
		jsonw_string(w, "prior", s->prior);
	jsonw_end_object(w);
}

/* What is neither undone nor ever looked at again need not be kept. */
static bool matters_later(const struct record_step *s)
{
	if (s->step.op == PLAN_INHERIT)
		return !s->fresh && s->old && !*s->old;
	return s->step.op != PLAN_CHECK && s->step.op != PLAN_AFFINITY;
}

static void put_mounts(struct jsonw *w, const struct record *r)
{
	jsonw_array(w, "mounts");
	for (size_t i = 0; i < r->n_mounts; i++) {
		jsonw_flat_object(w, NULL);
		jsonw_string(w, "name", r->mounts[i].name);
		jsonw_string(w, "path", r->mounts[i].path);
		if (r->mounts[i].root && strcmp(r->mounts[i].root, "/") != 0)
			jsonw_string(w, "root", r->mounts[i].root);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void put_added(struct jsonw *w, const struct record *r)
{
	if (!r->n_added)
		return;
	jsonw_array(w, "added");
	for (size_t i = 0; i < r->n_added; i++)
		put_process(w, NULL, &r->added[i]);
	jsonw_end_array(w);
}

static void put_plugs(struct jsonw *w, const struct record *r)
{
	if (!r->n_plugs)
		return;
	jsonw_array(w, "plugs");
	for (size_t i = 0; i < r->n_plugs; i++) {
		const struct record_plug *p = &r->plugs[i];

		jsonw_flat_object(w, NULL);
		jsonw_string(w, "path", p->path);
		jsonw_string(w, "type", p->type == 'b' ? "b" : "c");
		jsonw_int(w, "major", p->major);
		jsonw_int(w, "minor", p->minor);
		if (p->with)
			jsonw_string(w, "with", p->with);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

/* What an update needs of the documents that setup was made from. */
static void put_wishes(struct jsonw *w, const struct record *r)
{
	if (r->has_resources)
		oci_resources_json(w, "resources", &r->resources);
	if (r->properties)
		jsonw_string(w, "properties", r->properties);
}

void record_json(const struct record *r, struct text *out)
{
	struct jsonw w = {.out = out};

	jsonw_object(&w, NULL);
	jsonw_int(&w, "vmcg", RECORD_VERSION);
	jsonw_string(&w, "id", r->id);
	jsonw_string(&w, "status", record_status_name[r->status]);
	jsonw_string(&w, "boot", r->boot);
	jsonw_string(&w, "bundle", r->bundle);
	jsonw_int(&w, "created", r->created);
	jsonw_string(&w, "layout", layout_name[r->layout]);
	jsonw_string(&w, "manager", manager_name[r->manager]);
	jsonw_string(&w, "mode", mode_name[r->mode]);
	jsonw_string(&w, "path", r->path);
	jsonw_string(&w, "unit", r->unit);
	jsonw_string(&w, "slice", r->slice);
	jsonw_string(&w, "on_stop", r->kill ? "kill" : "move");
	jsonw_bool(&w, "joined", r->joined);
	if (r->tail)
		jsonw_string(&w, "tail", r->tail);
	if (r->frozen)
		jsonw_bool(&w, "frozen", true);
	put_mounts(&w, r);
	put_process(&w, "init", &r->init);
	put_process(&w, "vm", &r->vm);
	put_added(&w, r);
	if (r->has_devices) {
		put_policy(&w, "devices", &r->devices);
		put_policy(&w, "denied", &r->denied);
		put_policy(&w, "before", &r->before);
		if (r->has_former)
			put_policy(&w, "former", &r->former);
		put_plugs(&w, r);
	}
	put_wishes(&w, r);
	jsonw_array(&w, "steps");
	for (size_t i = 0; i < r->n_steps; i++)
		if (matters_later(&r->steps[i]))
			put_step(&w, &r->steps[i]);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	text_puts(out, "\n");
}

const struct record_step *record_devices(const struct record *r, const struct plan_step *like)
{
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct plan_step *s = &r->steps[i].step;

		if (s->op == PLAN_DEVICES && strcmp(s->path, like->path) == 0 &&
		    strcmp(s->controller, like->controller) == 0)
			return &r->steps[i];
	}
	return NULL;
}

const struct facts_process *record_process(const struct record *r, int64_t pid)
{
	if (!pid) /* there is none, as in a record without a VM */
		return NULL;
	/* Who was added came later: the VM whose number it has is dead. */
	for (size_t i = 0; i < r->n_added; i++)
		if (r->added[i].pid == pid)
			return &r->added[i];
	return r->vm.pid == pid ? &r->vm : NULL;
}

int record_version(const struct record *r, const char *controller)
{
	for (size_t i = 0; i < r->n_mounts; i++)
		if (strcmp(r->mounts[i].name, controller) == 0)
			return strcmp(controller, "unified") == 0 ? 2 : 1;
	return 2;
}

void record_from_plan(struct record *ret, const struct plan *p, const struct facts *f,
		      struct arena *a)
{
	*ret = (struct record){.layout = p->layout,
			       .manager = p->manager,
			       .mode = p->mode,
			       .path = p->path,
			       .unit = p->unit,
			       .slice = p->slice,
			       .properties =
				   p->properties.n ? unitprop_copy_text(&p->properties, a) : NULL,
			       .mounts = f->mounts,
			       .n_mounts = f->n_mounts,
			       .has_devices = p->has_devices,
			       .devices = p->devices,
			       .denied = p->denied};
	for (size_t i = 0; i < p->n_steps; i++)
		ARENA_APPEND(a, ret->steps, ret->n_steps)->step = p->steps[i];
}
