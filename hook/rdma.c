/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdma - linux.resources.rdma as steps
 *
 * v1 and v2 have the same file and text. What is not given keeps its value.
 */
#include "hook/convert.h"
#include "hook/planner.h"

#include <string.h>

enum { RDMA_MAX = INT32_MAX }; /* the kernel reads an int */

/* A number that is set, in range. */
static int check_number(struct planner *p, const char *pointer, const char *field,
			const struct opt_uint *n, struct error *e)
{
	if (!n->set || n->v <= RDMA_MAX)
		return 0;
	return planner_bad(planner_why(p, "%s/%s", pointer, field), e,
			   "value %llu: expected 0..%d; leave it out for no limit",
			   (unsigned long long)n->v, RDMA_MAX);
}

/* A blank or a newline in the name would become a second field or line of the file. */
static bool is_name(const char *name)
{
	return *name && !strpbrk(name, " \t\r\n\v\f");
}

static int check_entry(struct planner *p, const struct oci_rdma *r, const char *pointer,
		       struct error *e)
{
	if (!is_name(r->device))
		return planner_bad(planner_why(p, "%s", pointer), e,
				   "\"%s\" is not the name of an RDMA device", r->device);
	if (!r->handles.set && !r->objects.set)
		return planner_bad(planner_why(p, "%s", pointer), e,
				   "hcaHandles or hcaObjects is needed");
	if (check_number(p, pointer, "hcaHandles", &r->handles, e))
		return -1;
	return check_number(p, pointer, "hcaObjects", &r->objects, e);
}

static void plan_entry(struct planner *p, const struct oci_rdma *r, const char *pointer)
{
	struct arena *a = p->plan->arena;
	const char *value = r->device;

	if (r->handles.set)
		value =
		    arena_printf(a, "%s hca_handle=%llu", value, (unsigned long long)r->handles.v);
	if (r->objects.set)
		value =
		    arena_printf(a, "%s hca_object=%llu", value, (unsigned long long)r->objects.v);
	planner_write(p, PHASE_LIMITS, "rdma", "rdma.max", planner_why(p, "%s", pointer), "%s",
		      value);
}

static const char *pointer_of(struct planner *p, const struct oci_rdma *r)
{
	struct arena *a = p->plan->arena;

	return arena_printf(a, "rdma/%s", convert_pointer_token(a, r->device));
}

int rdma_plan(struct planner *p, struct error *e)
{
	const struct oci_resources *o = p->resources;
	int version;

	for (size_t i = 0; i < o->n_rdma; i++) {
		if (check_entry(p, &o->rdma[i], pointer_of(p, &o->rdma[i]), e))
			return -1;
	}
	if (o->n_rdma == 0)
		return 0;
	version = planner_version(p, "rdma", planner_why(p, "rdma"), e);
	if (version <= 0)
		return version;
	for (size_t i = 0; i < o->n_rdma; i++)
		plan_entry(p, &o->rdma[i], pointer_of(p, &o->rdma[i]));
	return 0;
}
