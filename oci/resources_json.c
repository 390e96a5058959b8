/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resources_json - linux.resources as JSON again
 *
 * A table for the optional scalars, a function for each list. An object is opened
 * by the first of its members that is there, so that none is empty.
 */
#include "oci/resources_json.h"

#include <string.h>

#define SCALAR(object, text, kind, member)                        \
	{                                                         \
		.part = object, .name = text, .want = kind,       \
		.offset = offsetof(struct oci_resources, member), \
	}

/* The same, where 0 says nothing. */
#define NONZERO(object, text, kind, member)                                               \
	{                                                                                 \
		.part = object, .name = text, .want = kind,                               \
		.offset = offsetof(struct oci_resources, member), .zero_is_absent = true, \
	}

const struct oci_scalar oci_scalars[] = {
    NONZERO("memory", "limit", WANT_INT, memory.limit),
    NONZERO("memory", "reservation", WANT_INT, memory.reservation),
    NONZERO("memory", "swap", WANT_INT, memory.swap),
    NONZERO("memory", "kernel", WANT_INT, memory.kernel),
    NONZERO("memory", "kernelTCP", WANT_INT, memory.kernel_tcp),
    SCALAR("memory", "swappiness", WANT_UINT, memory.swappiness),
    SCALAR("memory", "disableOOMKiller", WANT_BOOL, memory.disable_oom_killer),
    SCALAR("memory", "useHierarchy", WANT_BOOL, memory.use_hierarchy),
    SCALAR("memory", "checkBeforeUpdate", WANT_BOOL, memory.check_before_update),
    NONZERO("cpu", "shares", WANT_UINT, cpu.shares),
    NONZERO("cpu", "quota", WANT_INT, cpu.quota),
    NONZERO("cpu", "period", WANT_UINT, cpu.period),
    SCALAR("cpu", "burst", WANT_UINT, cpu.burst),
    NONZERO("cpu", "realtimePeriod", WANT_UINT, cpu.realtime_period),
    NONZERO("cpu", "realtimeRuntime", WANT_INT, cpu.realtime_runtime),
    SCALAR("cpu", "cpus", WANT_STRING, cpu.cpus),
    SCALAR("cpu", "mems", WANT_STRING, cpu.mems),
    SCALAR("cpu", "idle", WANT_INT, cpu.idle),
    SCALAR("pids", "limit", WANT_INT, pids_limit),
    NONZERO("blockIO", "weight", WANT_UINT, blkio.weight),
    NONZERO("blockIO", "leafWeight", WANT_UINT, blkio.leaf_weight),
    NONZERO("network", "classID", WANT_UINT, network.class_id),
    {0},
};

/* --- an object that is not there before it has a member --- */

struct part {
	struct jsonw *w;
	const char *name;
	bool open;
};

/* The writer, inside the object. */
static struct jsonw *inside(struct part *p)
{
	if (!p->open)
		jsonw_flat_object(p->w, p->name);
	p->open = true;
	return p->w;
}

static void put_uint(struct jsonw *w, const char *name, struct opt_uint v)
{
	if (v.set)
		jsonw_uint(w, name, v.v);
}

/* One scalar, if it is set. */
static void put_scalar(struct part *p, const struct oci_scalar *s, const struct oci_resources *r)
{
	const void *field = (const char *)r + s->offset;

	if (s->want == WANT_STRING) {
		const char *text = *(const char *const *)field;

		if (text)
			jsonw_string(inside(p), s->name, text);
	} else if (s->want == WANT_BOOL) {
		const struct opt_bool *v = field;

		if (v->set)
			jsonw_bool(inside(p), s->name, v->v);
	} else if (s->want == WANT_INT) {
		const struct opt_int *v = field;

		if (v->set)
			jsonw_int(inside(p), s->name, v->v);
	} else {
		const struct opt_uint *v = field;

		if (v->set)
			jsonw_uint(inside(p), s->name, v->v);
	}
}

/* An object: its scalars, then its lists (NULL: it has none). */
static void put_part(struct jsonw *w, const char *name, const struct oci_resources *r,
		     void (*put_lists)(struct part *p, const struct oci_resources *r))
{
	struct part p = {.w = w, .name = name};

	for (const struct oci_scalar *s = oci_scalars; s->name; s++)
		if (!strcmp(s->part, name))
			put_scalar(&p, s, r);
	if (put_lists)
		put_lists(&p, r);
	if (p.open)
		jsonw_end_object(w);
}

/* --- the lists --- */

/* Open an entry of a list about block devices. */
static void begin_device(struct jsonw *w, int64_t major, int64_t minor)
{
	jsonw_flat_object(w, NULL);
	jsonw_int(w, "major", major);
	jsonw_int(w, "minor", minor);
}

static void put_weight_devices(struct part *p, const struct oci_blkio *b)
{
	struct jsonw *w;

	if (!b->n_weight_device)
		return;
	w = inside(p);
	jsonw_flat_array(w, "weightDevice");
	for (size_t i = 0; i < b->n_weight_device; i++) {
		const struct oci_blkio_weight *d = &b->weight_device[i];

		begin_device(w, d->major, d->minor);
		put_uint(w, "weight", d->weight);
		put_uint(w, "leafWeight", d->leaf_weight);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void put_throttles(struct part *p, const struct oci_blkio *b, int which)
{
	struct jsonw *w;

	if (!b->n_throttle[which])
		return;
	w = inside(p);
	jsonw_flat_array(w, oci_throttle_name[which]);
	for (size_t i = 0; i < b->n_throttle[which]; i++) {
		const struct oci_blkio_throttle *t = &b->throttle[which][i];

		begin_device(w, t->major, t->minor);
		jsonw_uint(w, "rate", t->rate);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void put_blkio_lists(struct part *p, const struct oci_resources *r)
{
	put_weight_devices(p, &r->blkio);
	for (int which = 0; which < OCI_N_THROTTLES; which++)
		put_throttles(p, &r->blkio, which);
}

static void put_priorities(struct part *p, const struct oci_resources *r)
{
	struct jsonw *w;

	if (!r->network.n_priorities)
		return;
	w = inside(p);
	jsonw_flat_array(w, "priorities");
	for (size_t i = 0; i < r->network.n_priorities; i++) {
		jsonw_flat_object(w, NULL);
		jsonw_string(w, "name", r->network.priorities[i].name);
		jsonw_uint(w, "priority", r->network.priorities[i].priority);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void put_hugepages(struct jsonw *w, const struct oci_resources *r)
{
	if (!r->n_hugepages)
		return;
	jsonw_flat_array(w, "hugepageLimits");
	for (size_t i = 0; i < r->n_hugepages; i++) {
		jsonw_flat_object(w, NULL);
		jsonw_string(w, "pageSize", r->hugepages[i].page_size);
		jsonw_uint(w, "limit", r->hugepages[i].limit);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void put_rdma(struct jsonw *w, const struct oci_resources *r)
{
	if (!r->n_rdma)
		return;
	jsonw_flat_object(w, "rdma");
	for (size_t i = 0; i < r->n_rdma; i++) {
		jsonw_flat_object(w, r->rdma[i].device);
		put_uint(w, "hcaHandles", r->rdma[i].handles);
		put_uint(w, "hcaObjects", r->rdma[i].objects);
		jsonw_end_object(w);
	}
	jsonw_end_object(w);
}

/* A wildcard is a number that is left out. */
static void put_rule(struct jsonw *w, const struct oci_device_rule *rule)
{
	const char type[] = {rule->type, '\0'};
	char access[4] = "";
	size_t n = 0;

	if (rule->access & OCI_READ)
		access[n++] = 'r';
	if (rule->access & OCI_WRITE)
		access[n++] = 'w';
	if (rule->access & OCI_MKNOD)
		access[n++] = 'm';
	jsonw_flat_object(w, NULL);
	jsonw_bool(w, "allow", rule->allow);
	jsonw_string(w, "type", type);
	if (rule->major != OCI_ANY)
		jsonw_int(w, "major", rule->major);
	if (rule->minor != OCI_ANY)
		jsonw_int(w, "minor", rule->minor);
	jsonw_string(w, "access", access);
	jsonw_end_object(w);
}

static void put_devices(struct jsonw *w, const struct oci_resources *r)
{
	if (!r->n_devices)
		return;
	jsonw_flat_array(w, "devices");
	for (size_t i = 0; i < r->n_devices; i++)
		put_rule(w, &r->devices[i]);
	jsonw_end_array(w);
}

static void put_unified(struct jsonw *w, const struct oci_resources *r)
{
	if (!r->n_unified)
		return;
	jsonw_flat_object(w, "unified");
	for (size_t i = 0; i < r->n_unified; i++)
		jsonw_string(w, r->unified[i].key, r->unified[i].value);
	jsonw_end_object(w);
}

/* --- the whole --- */

void oci_resources_json(struct jsonw *w, const char *key, const struct oci_resources *r)
{
	jsonw_flat_object(w, key);
	put_part(w, "memory", r, NULL);
	put_part(w, "cpu", r, NULL);
	put_part(w, "pids", r, NULL);
	put_part(w, "blockIO", r, put_blkio_lists);
	put_hugepages(w, r);
	put_rdma(w, r);
	put_part(w, "network", r, put_priorities);
	put_devices(w, r);
	put_unified(w, r);
	jsonw_end_object(w);
}
