/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory - linux.resources.memory as steps
 *
 * Three values of a limit are special. Absent: nothing is written. -1: it is
 * written wherever the file exists, because the config asks for it, and asks for
 * nothing where there is no file. 0: in practice an empty field of the program
 * that wrote the config; taken at its word it would kill the VM at its first
 * page, so it is left out with a warning.
 *
 * On v2 swap.max goes before max: a max that shrinks must not push the
 * difference into swap. On v1 limit goes before memsw; the kernel keeps limit
 * <= memsw at all times, so raising both on a group that has limits needs the
 * retry that quirks.c describes.
 */
#include "hook/planner.h"

/* What is left to do: 0 stands for absent and for the zero that was warned about. */
struct wish {
	int64_t limit, swap, reservation, kernel, kernel_tcp;
	const char *limit_why, *swap_why;
};

/* One limit in bytes, checked. */
static int read_limit(struct planner *p, const struct opt_int *in, const char *field, int64_t *ret,
		      struct error *e)
{
	const char *why = planner_why(p, "memory/%s", field);
	uint64_t page = p->facts->page_size;

	*ret = 0;
	if (!in->set)
		return 0;
	if (in->v < -1)
		return planner_bad(why, e, "value %lld: expected bytes, or -1 for unlimited",
				   (long long)in->v);
	if (in->v > 0 && (uint64_t)in->v < page)
		return planner_bad(why, e,
				   "value %lld: less than a page of %llu bytes, which the kernel "
				   "would store as 0",
				   (long long)in->v, (unsigned long long)page);
	if (in->v == 0)
		plan_warn(p->plan, "%s: 0 is taken as absent; -1 means unlimited", why);
	*ret = in->v;
	return 0;
}

/* swap is the total of memory and swap, so it means nothing without a limit below it. */
static int check_pair(const struct wish *w, struct error *e)
{
	if (w->swap <= 0)
		return 0;
	if (w->limit == 0)
		return planner_bad(w->swap_why, e,
				   "value %lld: memory+swap cannot be limited without %s",
				   (long long)w->swap, w->limit_why);
	if (w->limit == -1)
		return planner_bad(w->swap_why, e,
				   "value %lld: memory+swap cannot be limited while %s is -1",
				   (long long)w->swap, w->limit_why);
	if (w->swap < w->limit)
		return planner_bad(
		    w->swap_why, e,
		    "value %lld: it is the total of memory and swap, and must not be "
		    "below %s (%lld)",
		    (long long)w->swap, w->limit_why, (long long)w->limit);
	return 0;
}

/* All of memory that does not depend on the host, checked. */
static int read_wish(struct planner *p, struct wish *w, struct error *e)
{
	const struct oci_memory *m = &p->resources->memory;
	const struct {
		const struct opt_int *in;
		const char *field;
		int64_t *out;
	} rows[] = {
	    {&m->limit, "limit", &w->limit},
	    {&m->swap, "swap", &w->swap},
	    {&m->reservation, "reservation", &w->reservation},
	    {&m->kernel, "kernel", &w->kernel},
	    {&m->kernel_tcp, "kernelTCP", &w->kernel_tcp},
	};

	w->limit_why = planner_why(p, "memory/limit");
	w->swap_why = planner_why(p, "memory/swap");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (read_limit(p, rows[i].in, rows[i].field, rows[i].out, e))
			return -1;
	}
	if (m->swappiness.set && m->swappiness.v > 100)
		return planner_bad(planner_why(p, "memory/swappiness"), e,
				   "value %llu: expected 0..100",
				   (unsigned long long)m->swappiness.v);
	return check_pair(w, e);
}

static enum planner_wish_kind kind_of(int64_t limit)
{
	return limit > 0 ? WISH_REAL : limit < 0 ? WISH_NOTHING : WISH_ABSENT;
}

/* As planner_version_of, for all fields. */
static int find_version(struct planner *p, const struct wish *w, struct error *e)
{
	const struct oci_memory *m = &p->resources->memory;
	bool oom = m->disable_oom_killer.set && m->disable_oom_killer.v;
	/* v2 is hierarchical without being told. */
	bool tree =
	    m->use_hierarchy.set && m->use_hierarchy.v && facts_version(p->facts, "memory") == 1;
	const struct planner_wish wishes[] = {
	    {"memory/limit", kind_of(w->limit)},
	    {"memory/swap", kind_of(w->swap)},
	    {"memory/reservation", kind_of(w->reservation)},
	    {"memory/kernel", w->kernel > 0 ? WISH_REAL : WISH_ABSENT},
	    {"memory/kernelTCP", w->kernel_tcp > 0 ? WISH_REAL : WISH_ABSENT},
	    {"memory/swappiness", m->swappiness.set ? WISH_REAL : WISH_ABSENT},
	    {"memory/disableOOMKiller", oom ? WISH_REAL : WISH_ABSENT},
	    {"memory/useHierarchy", tree ? WISH_NOTHING : WISH_ABSENT},
	};

	return planner_version_of(p, "memory", wishes, sizeof(wishes) / sizeof(*wishes), e);
}

static void write_limit(struct planner *p, const char *file, const char *why, int64_t value)
{
	planner_write(p, PHASE_LIMITS, "memory", file, why, "%lld", (long long)value);
}

static int no_swap_accounting(const char *why, const char *file, struct error *e)
{
	return planner_unfit(why, e,
			     "swap accounting is off (no %s): boot with swapaccount=1 on a kernel "
			     "with CONFIG_MEMCG_SWAP, or leave memory+swap unlimited",
			     file);
}

/* --- v1 --- */

static int plan_memsw(struct planner *p, const struct wish *w, struct error *e)
{
	static const char file[] = "memory.memsw.limit_in_bytes";
	bool here = facts_has_file(p->facts, file);

	if (w->swap > 0 && !here)
		return no_swap_accounting(w->swap_why, file, e);
	/* An old memsw would keep the limit from being lifted: it goes first. */
	if (w->limit == -1 && w->swap == 0 && !p->fresh && here)
		write_limit(p, file, w->limit_why, -1);
	if (w->limit != 0)
		write_limit(p, "memory.limit_in_bytes", w->limit_why, w->limit);
	if (w->swap != 0 && here)
		write_limit(p, file, w->swap_why, w->swap);
	return 0;
}

/* kernel, kernelTCP: only old kernels have them; -1 is what stands already. */
static int plan_kernel(struct planner *p, const char *field, const char *file, int64_t value,
		       struct error *e)
{
	const char *why = planner_why(p, "memory/%s", field);

	if (value <= 0)
		return 0;
	if (!facts_has_file(p->facts, file))
		return planner_unfit(why, e, "value %lld: this kernel has no %s; remove the field",
				     (long long)value, file);
	write_limit(p, file, why, value);
	return 0;
}

static int plan_v1(struct planner *p, const struct wish *w, struct error *e)
{
	const struct oci_memory *m = &p->resources->memory;

	/* false only matters to child groups, which the target does not have. */
	if (m->use_hierarchy.set && m->use_hierarchy.v &&
	    facts_has_file(p->facts, "memory.use_hierarchy"))
		write_limit(p, "memory.use_hierarchy", planner_why(p, "memory/useHierarchy"), 1);
	if (plan_memsw(p, w, e))
		return -1;
	if (w->reservation != 0)
		write_limit(p, "memory.soft_limit_in_bytes", planner_why(p, "memory/reservation"),
			    w->reservation);
	if (plan_kernel(p, "kernel", "memory.kmem.limit_in_bytes", w->kernel, e) ||
	    plan_kernel(p, "kernelTCP", "memory.kmem.tcp.limit_in_bytes", w->kernel_tcp, e))
		return -1;
	if (m->swappiness.set)
		planner_write(p, PHASE_LIMITS, "memory", "memory.swappiness",
			      planner_why(p, "memory/swappiness"), "%llu",
			      (unsigned long long)m->swappiness.v);
	if (m->disable_oom_killer.set && m->disable_oom_killer.v)
		write_limit(p, "memory.oom_control", planner_why(p, "memory/disableOOMKiller"), 1);
	return 0;
}

/* --- v2 --- */

static void write_max(struct planner *p, const char *file, const char *why, int64_t value)
{
	if (value == -1)
		planner_write(p, PHASE_LIMITS, "memory", file, why, "max");
	else
		write_limit(p, file, why, value);
}

/* What v1 has and v2 has not. */
static int refuse_v1_only(struct planner *p, const struct wish *w, struct error *e)
{
	const struct oci_memory *m = &p->resources->memory;
	const struct {
		bool asked;
		const char *field, *way_out;
	} rows[] = {
	    {w->kernel > 0, "kernel", "limit covers kernel memory too"},
	    {w->kernel_tcp > 0, "kernelTCP", "limit covers socket memory too"},
	    {m->swappiness.set, "swappiness", "swap bounds what may be swapped out"},
	    {m->disable_oom_killer.set && m->disable_oom_killer.v, "disableOOMKiller",
	     "the VM process can be spared with process.oomScoreAdj"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (rows[i].asked)
			return planner_unfit(planner_why(p, "memory/%s", rows[i].field), e,
					     "cgroup v2 has no equivalent; remove the field (%s)",
					     rows[i].way_out);
	}
	return 0;
}

static int plan_swap_max(struct planner *p, const struct wish *w, struct error *e)
{
	static const char file[] = "memory.swap.max";
	bool here = facts_has_file(p->facts, file);

	if (w->swap > 0 && !here)
		return no_swap_accounting(w->swap_why, file, e);
	if (!here)
		return 0;
	if (w->swap > 0)
		write_max(p, file, w->swap_why, w->swap - w->limit);
	else if (w->swap == -1)
		write_max(p, file, w->swap_why, -1);
	else if (w->limit == -1 && !p->fresh)
		write_max(p, file, w->limit_why, -1); /* a tighter one may be left */
	return 0;
}

/* On v1 the kernel itself refuses a limit below usage; v2 takes it and kills. */
static void plan_check(struct planner *p, const struct wish *w)
{
	const struct opt_bool *check = &p->resources->memory.check_before_update;

	if (!check->set || !check->v)
		return;
	if (w->limit > 0)
		plan_add(p->plan, PHASE_CHECK, PLAN_CHECK, "memory", p->path, "memory.current",
			 arena_printf(p->plan->arena, "%lld", (long long)w->limit), w->limit_why);
	if (w->swap > 0)
		plan_add(p->plan, PHASE_CHECK, PLAN_CHECK, "memory", p->path,
			 "memory.current memory.swap.current",
			 arena_printf(p->plan->arena, "%lld", (long long)w->swap), w->swap_why);
}

static int plan_v2(struct planner *p, const struct wish *w, struct error *e)
{
	if (refuse_v1_only(p, w, e))
		return -1;
	plan_check(p, w);
	if (plan_swap_max(p, w, e))
		return -1;
	if (w->limit != 0)
		write_max(p, "memory.max", w->limit_why, w->limit);
	if (w->reservation != 0)
		write_max(p, "memory.low", planner_why(p, "memory/reservation"), w->reservation);
	return 0;
}

int memory_plan(struct planner *p, struct error *e)
{
	struct wish w = {0};
	int version;

	if (read_wish(p, &w, e))
		return -1;
	version = find_version(p, &w, e);
	if (version <= 0)
		return version;
	return version == 1 ? plan_v1(p, &w, e) : plan_v2(p, &w, e);
}
