/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpu - linux.resources.cpu without cpusets as steps
 *
 * 0 means absent for shares, quota, period and real time; it is a real value for
 * burst and idle. An explicit -1 is written wherever the file exists, because
 * the config asks for it.
 *
 * An idle group refuses a weight and forgets the one it had, so idle 0 goes
 * first, and beside idle 1 a weight is left out with a warning. Real time is v1
 * only and stands before a task enters: a new group has no runtime, and a
 * real-time task could not join it.
 */
#include "hook/convert.h"
#include "hook/planner.h"

/* The kernel's bounds for both versions, in microseconds. */
enum { PERIOD_MIN = 1000, PERIOD_MAX = 1000000, PERIOD_DEFAULT = 100000, QUOTA_MIN = 1000 };
#define QUOTA_MAX ((1LL << 44) - 1)

static int check_bandwidth(struct planner *p, struct error *e)
{
	const struct oci_cpu *c = &p->resources->cpu;
	bool limited = c->quota.set && c->quota.v > 0;

	if (c->period.set && c->period.v != 0 &&
	    (c->period.v < PERIOD_MIN || c->period.v > PERIOD_MAX))
		return planner_bad(planner_why(p, "cpu/period"), e,
				   "value %llu: expected %d..%d microseconds",
				   (unsigned long long)c->period.v, PERIOD_MIN, PERIOD_MAX);
	if (c->quota.set && c->quota.v < -1)
		return planner_bad(planner_why(p, "cpu/quota"), e,
				   "value %lld: expected microseconds, or -1 for unlimited",
				   (long long)c->quota.v);
	if (limited && (c->quota.v < QUOTA_MIN || c->quota.v > QUOTA_MAX))
		return planner_bad(
		    planner_why(p, "cpu/quota"), e,
		    "value %lld: expected %d..%lld microseconds, or -1 for unlimited",
		    (long long)c->quota.v, QUOTA_MIN, QUOTA_MAX);
	if (c->burst.set && limited && c->burst.v > (uint64_t)c->quota.v)
		return planner_bad(planner_why(p, "cpu/burst"), e,
				   "value %llu: it must not be larger than the quota (%lld)",
				   (unsigned long long)c->burst.v, (long long)c->quota.v);
	if (c->burst.set && c->burst.v > QUOTA_MAX)
		return planner_bad(planner_why(p, "cpu/burst"), e,
				   "value %llu: expected 0..%lld microseconds",
				   (unsigned long long)c->burst.v, QUOTA_MAX);
	return 0;
}

static int check_realtime(struct planner *p, struct error *e)
{
	const struct oci_cpu *c = &p->resources->cpu;
	const char *why = planner_why(p, "cpu/realtimeRuntime");

	if (!c->realtime_runtime.set)
		return 0;
	if (c->realtime_runtime.v < -1)
		return planner_bad(why, e, "value %lld: expected microseconds, or -1 for unlimited",
				   (long long)c->realtime_runtime.v);
	if (c->realtime_period.set && c->realtime_period.v != 0 && c->realtime_runtime.v > 0 &&
	    (uint64_t)c->realtime_runtime.v > c->realtime_period.v)
		return planner_bad(
		    why, e, "value %lld: it must not be larger than realtimePeriod (%llu)",
		    (long long)c->realtime_runtime.v, (unsigned long long)c->realtime_period.v);
	return 0;
}

static int check(struct planner *p, struct error *e)
{
	const struct opt_int *idle = &p->resources->cpu.idle;

	if (idle->set && idle->v != 0 && idle->v != 1)
		return planner_bad(planner_why(p, "cpu/idle"), e, "value %lld: expected 0 or 1",
				   (long long)idle->v);
	if (check_bandwidth(p, e))
		return -1;
	return check_realtime(p, e);
}

/* A field that is 0 when it asks for nothing, or that is absent when 0. */
static enum planner_wish_kind kind_of(bool set, bool nothing, bool absent)
{
	return !set || absent ? WISH_ABSENT : nothing ? WISH_NOTHING : WISH_REAL;
}

/* As planner_version_of, for all fields. */
static int find_version(struct planner *p, struct error *e)
{
	const struct oci_cpu *c = &p->resources->cpu;
	const struct opt_int *rt = &c->realtime_runtime;
	const struct planner_wish wishes[] = {
	    {"cpu/shares", kind_of(c->shares.set, false, c->shares.v == 0)},
	    {"cpu/quota", kind_of(c->quota.set, c->quota.v == -1, c->quota.v == 0)},
	    {"cpu/period", kind_of(c->period.set, false, c->period.v == 0)},
	    {"cpu/burst", kind_of(c->burst.set, c->burst.v == 0, false)},
	    {"cpu/idle", kind_of(c->idle.set, c->idle.v == 0, false)},
	    {"cpu/realtimePeriod",
	     kind_of(c->realtime_period.set, false, c->realtime_period.v == 0)},
	    {"cpu/realtimeRuntime", kind_of(rt->set, false, rt->v == 0)},
	};

	return planner_version_of(p, "cpu", wishes, sizeof(wishes) / sizeof(*wishes), e);
}

static void write_number(struct planner *p, enum plan_phase phase, const char *file,
			 const char *field, int64_t value)
{
	planner_write(p, phase, "cpu", file, planner_why(p, "cpu/%s", field), "%lld",
		      (long long)value);
}

/* Both versions have cpu.idle, on kernels since 5.15. */
static int plan_idle(struct planner *p, struct error *e)
{
	const struct opt_int *idle = &p->resources->cpu.idle;

	if (!idle->set)
		return 0;
	if (facts_has_file(p->facts, "cpu.idle"))
		write_number(p, PHASE_LIMITS, "cpu.idle", "idle", idle->v);
	else if (idle->v)
		return planner_unfit(planner_why(p, "cpu/idle"), e,
				     "value 1: this kernel has no cpu.idle (Linux 5.15 has); use "
				     "shares 2 for the least weight");
	return 0;
}

/* shares, unless they ask for nothing or an idle group would refuse them. */
static void plan_shares(struct planner *p, int version)
{
	const struct oci_cpu *c = &p->resources->cpu;
	uint64_t shares = c->shares.set ? c->shares.v : 0;
	uint64_t clamped = convert_shares_clamp(shares);
	const char *why = planner_why(p, "cpu/shares");

	if (!shares)
		return;
	if (c->idle.set && c->idle.v == 1) {
		plan_warn(p->plan, "%s: %llu is left out, an idle group takes no weight", why,
			  (unsigned long long)shares);
		return;
	}
	if (version == 2) {
		planner_write(p, PHASE_LIMITS, "cpu", "cpu.weight", why, "%llu",
			      (unsigned long long)convert_shares_to_weight(shares));
		return;
	}
	if (clamped != shares)
		plan_warn(p->plan, "%s: %llu becomes %llu, cpu.shares takes %d..%d", why,
			  (unsigned long long)shares, (unsigned long long)clamped,
			  CONVERT_SHARES_MIN, CONVERT_SHARES_MAX);
	planner_write(p, PHASE_LIMITS, "cpu", "cpu.shares", why, "%llu",
		      (unsigned long long)clamped);
}

static int plan_burst(struct planner *p, const char *file, struct error *e)
{
	const struct opt_uint *burst = &p->resources->cpu.burst;

	if (!burst->set)
		return 0;
	if (facts_has_file(p->facts, file))
		write_number(p, PHASE_LIMITS, file, "burst", (int64_t)burst->v);
	else if (burst->v)
		return planner_unfit(planner_why(p, "cpu/burst"), e,
				     "value %llu: this kernel has no %s (Linux 5.14 has); remove "
				     "the field",
				     (unsigned long long)burst->v, file);
	return 0;
}

static int plan_bandwidth_v1(struct planner *p, struct error *e)
{
	const struct oci_cpu *c = &p->resources->cpu;

	if (c->period.set && c->period.v)
		write_number(p, PHASE_LIMITS, "cpu.cfs_period_us", "period", (int64_t)c->period.v);
	if (c->quota.set && c->quota.v)
		write_number(p, PHASE_LIMITS, "cpu.cfs_quota_us", "quota", c->quota.v);
	return plan_burst(p, "cpu.cfs_burst_us", e);
}

/* Always both fields of cpu.max: one alone would keep the period that stands. */
static int plan_bandwidth_v2(struct planner *p, struct error *e)
{
	const struct oci_cpu *c = &p->resources->cpu;
	uint64_t period = c->period.set && c->period.v ? c->period.v : PERIOD_DEFAULT;
	int64_t quota = c->quota.set ? c->quota.v : 0;

	if (quota > 0)
		planner_write(p, PHASE_LIMITS, "cpu", "cpu.max", planner_why(p, "cpu/quota"),
			      "%lld %llu", (long long)quota, (unsigned long long)period);
	else if (quota == -1 || (c->period.set && c->period.v))
		planner_write(p, PHASE_LIMITS, "cpu", "cpu.max",
			      planner_why(p, "cpu/%s", quota ? "quota" : "period"), "max %llu",
			      (unsigned long long)period);
	return plan_burst(p, "cpu.max.burst", e);
}

static int plan_realtime(struct planner *p, int version, struct error *e)
{
	const struct oci_cpu *c = &p->resources->cpu;
	bool period = c->realtime_period.set && c->realtime_period.v;
	bool runtime = c->realtime_runtime.set && c->realtime_runtime.v;
	const char *why;

	if (!period && !runtime)
		return 0;
	why = planner_why(p, "cpu/realtime%s", runtime ? "Runtime" : "Period");
	if (version == 2)
		return planner_unfit(
		    why, e, "cgroup v2 has no real-time group scheduling; remove the field");
	if (!facts_has_file(p->facts, "cpu.rt_runtime_us"))
		return planner_unfit(why, e,
				     "this kernel has no cpu.rt_runtime_us: it is built without "
				     "CONFIG_RT_GROUP_SCHED; remove the field");
	if (period)
		planner_write(p, PHASE_PRETASK, "cpu", "cpu.rt_period_us",
			      planner_why(p, "cpu/realtimePeriod"), "%llu",
			      (unsigned long long)c->realtime_period.v);
	if (runtime)
		write_number(p, PHASE_PRETASK, "cpu.rt_runtime_us", "realtimeRuntime",
			     c->realtime_runtime.v);
	return 0;
}

int cpu_plan(struct planner *p, struct error *e)
{
	int version;

	if (check(p, e))
		return -1;
	version = find_version(p, e);
	if (version <= 0)
		return version;
	if (plan_realtime(p, version, e) || plan_idle(p, e))
		return -1;
	plan_shares(p, version);
	return version == 1 ? plan_bandwidth_v1(p, e) : plan_bandwidth_v2(p, e);
}
