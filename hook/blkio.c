/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blkio - linux.resources.blockIO as steps: blkio on v1, io on v2
 *
 * Weights. Which file a host has depends on the I/O schedulers it can use. v1
 * has one of two. v2 may have both io.bfq.weight, for devices under bfq, and
 * io.weight, for devices under iocost; each device obeys one of them, so both
 * are written.
 *
 * Throttles. One write an entry, as the kernel takes one rule a write, in the
 * order read bps, write bps, read iops, write iops.
 */
#include "hook/convert.h"
#include "hook/planner.h"

enum { WEIGHT_MIN = 10, WEIGHT_MAX = 1000, MAJOR_MAX = 4095, MINOR_MAX = 1048575 };

static const struct {
	const char *v1_file, *v2_key;
	bool operations; /* the kernel counts operations in 32 bits */
} throttle[OCI_N_THROTTLES] = {
    [OCI_READ_BPS] = {"blkio.throttle.read_bps_device", "rbps", false},
    [OCI_WRITE_BPS] = {"blkio.throttle.write_bps_device", "wbps", false},
    [OCI_READ_IOPS] = {"blkio.throttle.read_iops_device", "riops", true},
    [OCI_WRITE_IOPS] = {"blkio.throttle.write_iops_device", "wiops", true},
};

/* --- checks that hold on every host --- */

/* 0 is absent. */
static int check_weight(const struct opt_uint *weight, const char *why, struct error *e)
{
	if (!weight->set || weight->v == 0 || (weight->v >= WEIGHT_MIN && weight->v <= WEIGHT_MAX))
		return 0;
	return planner_bad(why, e, "value %llu: expected %d..%d, or 0 for the default",
			   (unsigned long long)weight->v, WEIGHT_MIN, WEIGHT_MAX);
}

static int check_device(int64_t major, int64_t minor, const char *why, struct error *e)
{
	if (major >= 0 && major <= MAJOR_MAX && minor >= 0 && minor <= MINOR_MAX)
		return 0;
	return planner_bad(why, e, "device %lld:%lld: expected 0..%d:0..%d", (long long)major,
			   (long long)minor, MAJOR_MAX, MINOR_MAX);
}

static int check_weight_device(struct planner *p, size_t i, struct error *e)
{
	const struct oci_blkio_weight *w = &p->resources->blkio.weight_device[i];
	const char *why = planner_why(p, "blockIO/weightDevice/%zu", i);

	if (check_device(w->major, w->minor, why, e))
		return -1;
	if (!w->weight.set && !w->leaf_weight.set)
		return planner_bad(why, e, "weight or leafWeight is needed");
	if (check_weight(&w->weight, planner_why(p, "blockIO/weightDevice/%zu/weight", i), e))
		return -1;
	return check_weight(&w->leaf_weight,
			    planner_why(p, "blockIO/weightDevice/%zu/leafWeight", i), e);
}

static int check_throttle(struct planner *p, enum oci_throttle list, size_t i, struct error *e)
{
	const struct oci_blkio_throttle *t = &p->resources->blkio.throttle[list][i];
	const char *why = planner_why(p, "blockIO/%s/%zu", oci_throttle_name[list], i);

	if (check_device(t->major, t->minor, why, e))
		return -1;
	why = planner_why(p, "blockIO/%s/%zu/rate", oci_throttle_name[list], i);
	if (t->rate == 0)
		return planner_bad(why, e, "value 0: it is not a limit; remove the entry");
	if (throttle[list].operations && t->rate > UINT32_MAX)
		return planner_bad(why, e,
				   "value %llu: the kernel counts operations up to 4294967295",
				   (unsigned long long)t->rate);
	return 0;
}

static int check(struct planner *p, struct error *e)
{
	const struct oci_blkio *b = &p->resources->blkio;

	if (check_weight(&b->weight, planner_why(p, "blockIO/weight"), e) ||
	    check_weight(&b->leaf_weight, planner_why(p, "blockIO/leafWeight"), e))
		return -1;
	for (size_t i = 0; i < b->n_weight_device; i++) {
		if (check_weight_device(p, i, e))
			return -1;
	}
	for (int list = 0; list < OCI_N_THROTTLES; list++) {
		for (size_t i = 0; i < b->n_throttle[list]; i++) {
			if (check_throttle(p, (enum oci_throttle)list, i, e))
				return -1;
		}
	}
	return 0;
}

/* --- weights --- */

/* device is "" for the default weight of the group, or "MAJOR:MINOR ". */
static int plan_weight_v1(struct planner *p, const char *device, const char *suffix,
			  uint64_t weight, const char *why, struct error *e)
{
	static const char *const stem[] = {"blkio.weight", "blkio.bfq.weight"};

	for (size_t i = 0; i < sizeof(stem) / sizeof(*stem); i++) {
		const char *file = arena_printf(p->plan->arena, "%s%s", stem[i], suffix);

		if (facts_has_file(p->facts, file)) {
			planner_write(p, PHASE_LIMITS, "blkio", file, why, "%s%llu", device,
				      (unsigned long long)weight);
			return 0;
		}
	}
	return planner_unfit(why, e,
			     "value %llu: this host has neither blkio.weight%s nor "
			     "blkio.bfq.weight%s (is the bfq module loaded?)",
			     (unsigned long long)weight, suffix, suffix);
}

static int plan_weight_v2(struct planner *p, const char *device, uint64_t weight, const char *why,
			  struct error *e)
{
	bool bfq = facts_has_file(p->facts, "io.bfq.weight");
	bool iocost = facts_has_file(p->facts, "io.weight");

	if (!bfq && !iocost)
		return planner_unfit(
		    why, e,
		    "value %llu: this host has neither io.bfq.weight nor io.weight "
		    "(load the bfq module, or a kernel with iocost)",
		    (unsigned long long)weight);
	if (bfq)
		planner_write(p, PHASE_LIMITS, "io", "io.bfq.weight", why, "%s%llu", device,
			      (unsigned long long)weight);
	if (iocost)
		planner_write(p, PHASE_LIMITS, "io", "io.weight", why, "%s%llu", device,
			      (unsigned long long)convert_blkio_to_io_weight(weight));
	return 0;
}

static int plan_weight(struct planner *p, int version, const char *device,
		       const struct opt_uint *weight, const char *why, struct error *e)
{
	if (!weight->set || weight->v == 0)
		return 0;
	if (version == 2)
		return plan_weight_v2(p, device, weight->v, why, e);
	return plan_weight_v1(p, device, *device ? "_device" : "", weight->v, why, e);
}

/* Leaf weights belong to the CFQ scheduler, which is gone since Linux 5.0. */
static int plan_leaf_weight(struct planner *p, int version, const char *device,
			    const struct opt_uint *weight, const char *why, struct error *e)
{
	const char *file = *device ? "blkio.leaf_weight_device" : "blkio.leaf_weight";

	if (!weight->set || weight->v == 0)
		return 0;
	if (version == 2)
		return planner_unfit(why, e,
				     "value %llu: cgroup v2 has no leaf weights; remove the field",
				     (unsigned long long)weight->v);
	if (!facts_has_file(p->facts, file))
		return planner_unfit(why, e,
				     "value %llu: this kernel has no %s (it went with the CFQ "
				     "scheduler in Linux 5.0); remove the field",
				     (unsigned long long)weight->v, file);
	planner_write(p, PHASE_LIMITS, "blkio", file, why, "%s%llu", device,
		      (unsigned long long)weight->v);
	return 0;
}

static int plan_weights(struct planner *p, int version, struct error *e)
{
	const struct oci_blkio *b = &p->resources->blkio;

	if (plan_weight(p, version, "", &b->weight, planner_why(p, "blockIO/weight"), e) ||
	    plan_leaf_weight(p, version, "", &b->leaf_weight, planner_why(p, "blockIO/leafWeight"),
			     e))
		return -1;
	for (size_t i = 0; i < b->n_weight_device; i++) {
		const struct oci_blkio_weight *w = &b->weight_device[i];
		const char *why = planner_why(p, "blockIO/weightDevice/%zu", i);
		const char *device = arena_printf(p->plan->arena, "%lld:%lld ", (long long)w->major,
						  (long long)w->minor);

		if (plan_weight(p, version, device, &w->weight, why, e) ||
		    plan_leaf_weight(p, version, device, &w->leaf_weight, why, e))
			return -1;
	}
	return 0;
}

/* --- throttles --- */

static int plan_throttle(struct planner *p, int version, enum oci_throttle list, size_t i,
			 struct error *e)
{
	const struct oci_blkio_throttle *t = &p->resources->blkio.throttle[list][i];
	const char *why = planner_why(p, "blockIO/%s/%zu", oci_throttle_name[list], i);
	long long major = t->major, minor = t->minor;
	unsigned long long rate = t->rate;

	if (version == 1)
		planner_write(p, PHASE_LIMITS, "blkio", throttle[list].v1_file, why,
			      "%lld:%lld %llu", major, minor, rate);
	else if (rate == 1)
		return planner_unfit(why, e, "rate 1: cgroup v2 takes 2 and more");
	else if (rate == (throttle[list].operations ? UINT32_MAX : UINT64_MAX))
		planner_write(p, PHASE_LIMITS, "io", "io.max", why, "%lld:%lld %s=max", major,
			      minor, throttle[list].v2_key);
	else
		planner_write(p, PHASE_LIMITS, "io", "io.max", why, "%lld:%lld %s=%llu", major,
			      minor, throttle[list].v2_key, rate);
	return 0;
}

static int plan_throttles(struct planner *p, int version, struct error *e)
{
	for (int list = 0; list < OCI_N_THROTTLES; list++) {
		for (size_t i = 0; i < p->resources->blkio.n_throttle[list]; i++) {
			if (plan_throttle(p, version, (enum oci_throttle)list, i, e))
				return -1;
		}
	}
	return 0;
}

/* The first field that asks for something; NULL when none does. */
static const char *first_field(struct planner *p)
{
	const struct oci_blkio *b = &p->resources->blkio;

	if (b->weight.set && b->weight.v)
		return planner_why(p, "blockIO/weight");
	if (b->leaf_weight.set && b->leaf_weight.v)
		return planner_why(p, "blockIO/leafWeight");
	for (size_t i = 0; i < b->n_weight_device; i++) {
		const struct oci_blkio_weight *w = &b->weight_device[i];

		if ((w->weight.set && w->weight.v) || (w->leaf_weight.set && w->leaf_weight.v))
			return planner_why(p, "blockIO/weightDevice/%zu", i);
	}
	for (int list = 0; list < OCI_N_THROTTLES; list++) {
		if (b->n_throttle[list])
			return planner_why(p, "blockIO/%s", oci_throttle_name[list]);
	}
	return NULL;
}

int blkio_plan(struct planner *p, struct error *e)
{
	const char *why = first_field(p);
	int version;
	bool v2;

	if (check(p, e))
		return -1;
	if (!why)
		return 0;
	v2 = p->facts->layout == LAYOUT_UNIFIED || facts_version(p->facts, "io") == 2;
	version = planner_version(p, v2 ? "io" : "blkio", why, e);
	if (version <= 0)
		return version;
	if (plan_weights(p, version, e))
		return -1;
	return plan_throttles(p, version, e);
}
