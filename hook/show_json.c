/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_json - one container, for programs
 *
 * The shape is documented in vmcg-json(7) and stable. What the kernel does not
 * tell has no member; a limit that does not limit is null.
 */
#include <string.h>

#include "hook/device.h"
#include "hook/show_work.h"
#include "oci/jsonw.h"

static void put_value(struct jsonw *w, const char *key, const struct opt_uint *v)
{
	if (!v->set)
		return;
	if (v->v == USAGE_NO_LIMIT)
		jsonw_null(w, key);
	else
		jsonw_uint(w, key, v->v);
}

/* --- usage --- */

static void put_devices(struct jsonw *w, const struct usage *u)
{
	jsonw_array(w, "devices");
	for (size_t i = 0; i < u->n_devices; i++) {
		const struct usage_device *d = &u->devices[i];

		jsonw_flat_object(w, NULL);
		jsonw_string(w, "device", d->number);
		if (d->name)
			jsonw_string(w, "name", d->name);
		for (size_t k = 0; k < USAGE_IO_ITEMS; k++)
			put_value(w, usage_io_name[k], &d->v[k]);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

/* The items of one part, which stand together; returns the first that is another's. */
static size_t put_part(struct jsonw *w, const struct usage *u, size_t first)
{
	const char *part = usage_fields[first].part;
	bool is_io = strcmp(part, "io") == 0, any = is_io && u->n_devices;
	size_t end = first;

	for (; end < USAGE_ITEMS && strcmp(usage_fields[end].part, part) == 0; end++)
		any |= u->v[end].set;
	if (!any)
		return end;
	jsonw_object(w, part);
	for (size_t i = first; i < end; i++)
		put_value(w, usage_fields[i].name, &u->v[i]);
	if (is_io)
		put_devices(w, u);
	jsonw_end_object(w);
	return end;
}

static void put_cpuset(struct jsonw *w, const struct usage *u)
{
	if (!u->cpus && !u->mems)
		return;
	jsonw_flat_object(w, "cpuset");
	if (u->cpus)
		jsonw_string(w, "cpus", u->cpus);
	if (u->mems)
		jsonw_string(w, "mems", u->mems);
	jsonw_end_object(w);
}

static void put_huge(struct jsonw *w, const struct usage *u)
{
	if (!u->n_huge)
		return;
	jsonw_array(w, "hugetlb");
	for (size_t i = 0; i < u->n_huge; i++) {
		jsonw_flat_object(w, NULL);
		jsonw_string(w, "size", u->huge[i].size);
		for (size_t k = 0; k < USAGE_HUGE_ITEMS; k++)
			put_value(w, usage_huge_name[k], &u->huge[i].v[k]);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void put_stall(struct jsonw *w, const char *key, const struct usage_stall *s)
{
	if (!s->set)
		return;
	jsonw_flat_object(w, key);
	jsonw_hundredths(w, "avg10", s->avg10);
	jsonw_hundredths(w, "avg60", s->avg60);
	jsonw_hundredths(w, "avg300", s->avg300);
	jsonw_uint(w, "total_usec", s->total);
	jsonw_end_object(w);
}

static void put_pressure(struct jsonw *w, const struct usage *u)
{
	bool any = false;

	for (size_t i = 0; i < USAGE_RESOURCES; i++)
		any |= u->some[i].set || u->full[i].set;
	if (!any)
		return;
	jsonw_object(w, "pressure");
	for (size_t i = 0; i < USAGE_RESOURCES; i++) {
		if (!u->some[i].set && !u->full[i].set)
			continue;
		jsonw_object(w, usage_resource_name[i]);
		put_stall(w, "some", &u->some[i]);
		put_stall(w, "full", &u->full[i]);
		jsonw_end_object(w);
	}
	jsonw_end_object(w);
}

static void put_usage(struct jsonw *w, const struct usage *u)
{
	jsonw_object(w, "usage");
	for (size_t i = 0; i < USAGE_ITEMS;)
		i = put_part(w, u, i);
	put_cpuset(w, u);
	put_huge(w, u);
	put_pressure(w, u);
	jsonw_end_object(w);
}

/* --- the rest --- */

static void put_settings(struct jsonw *w, const struct show *s)
{
	jsonw_array(w, "settings");
	for (size_t i = 0; i < s->n_settings; i++) {
		const struct show_setting *one = &s->settings[i];

		jsonw_flat_object(w, NULL);
		jsonw_string(w, "controller", one->step->controller);
		jsonw_string(w, "file", one->step->file);
		jsonw_string(w, "set", one->step->value);
		jsonw_string(w, "live", one->live);
		jsonw_bool(w, "differs", one->differs);
		jsonw_string(w, "why", one->step->why);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void put_processes(struct jsonw *w, const struct show *s)
{
	jsonw_array(w, "processes");
	for (size_t i = 0; i < s->n_processes; i++) {
		const struct show_process *p = &s->processes[i];

		jsonw_flat_object(w, NULL);
		jsonw_int(w, "pid", p->pid);
		jsonw_string(w, "comm", p->comm);
		jsonw_bool(w, "kvm", p->kvm);
		jsonw_bool(w, "added", p->added);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void put_count(struct jsonw *w, const char *key, uint64_t n)
{
	if (n)
		jsonw_uint(w, key, n);
	else
		jsonw_null(w, key);
}

static void put_vm(struct jsonw *w, const struct show *s)
{
	const struct facts_process *vm = &s->record->vm;

	put_count(w, "pid", (uint64_t)vm->pid);
	jsonw_string(w, "comm", s->life.comm);
	jsonw_string(w, "hypervisor", s->life.hypervisor);
	jsonw_bool(w, "running", s->life.runs);
	jsonw_bool(w, "this_boot", s->life.this_boot);
	put_count(w, "threads", s->life.vm.threads);
	put_count(w, "vcpus", s->life.vm.vcpus);
	if (s->usage.frozen.set)
		jsonw_bool(w, "frozen", s->usage.frozen.v);
	else
		jsonw_null(w, "frozen");
}

void show_json(const struct show *s, struct text *out)
{
	struct jsonw w = {.out = out, .pretty = true};
	const struct record *r = s->record;

	jsonw_object(&w, NULL);
	jsonw_string(&w, "id", r->id);
	jsonw_string(&w, "status", record_status_name[r->status]);
	jsonw_string(&w, "layout", layout_name[r->layout]);
	jsonw_string(&w, "manager", manager_name[r->manager]);
	jsonw_string(&w, "unit", r->unit);
	jsonw_string(&w, "slice", r->slice);
	jsonw_string(&w, "mode", mode_name[r->mode]);
	jsonw_string(&w, "path", r->path);
	jsonw_string(&w, "bundle", r->bundle);
	jsonw_int(&w, "created", r->created);
	put_vm(&w, s);
	put_usage(&w, &s->usage);
	put_settings(&w, s);
	jsonw_object(&w, "devices");
	device_json(&w, r);
	jsonw_end_object(&w);
	put_processes(&w, s);
	jsonw_end_object(&w);
	text_puts(out, "\n");
}
