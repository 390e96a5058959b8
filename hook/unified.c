/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unified - linux.resources.unified as steps
 *
 * File names and values of cgroup v2, as the config spells them, in its order,
 * after everything else: they override the typed fields, whose steps stay in
 * the plan. What vmcg must own (placing, enabling) is refused. A value of
 * several lines becomes one step a line, as the kernel takes one value a write.
 *
 * Values are the kernel's business, but for numbers that it takes and gets
 * wrong: a memory limit of 2^64 wraps around to 0 there and kills the group.
 */
#include "hook/planner.h"

#include <string.h>

#include "hook/convert.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define NAME   LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "_.-"

enum { PIDS_MAX = 4194304, WEIGHT_MAX = 10000 };

/* Is it [a-z0-9_]+ and then at least one .[A-Za-z0-9_.-]+ ? */
static bool is_key(const char *key)
{
	size_t prefix = strspn(key, LOWER DIGITS "_");
	const char *rest = key + prefix;

	return prefix && rest[0] == '.' && rest[1] && rest[strspn(rest, NAME)] == '\0';
}

/* What placement and enabling write; a config that did would pull the group from under us. */
static bool is_reserved(const char *key)
{
	static const char *const names[] = {
	    "cgroup.procs", "cgroup.threads", "cgroup.subtree_control",
	    "cgroup.type",  "cgroup.kill",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(key, names[i]))
			return true;
	}
	return false;
}

/* --- values --- */

static bool is_max(const char *s, size_t len)
{
	return len == 3 && !memcmp(s, "max", 3);
}

/* NULL, or what was expected. */
static const char *check_bytes(const char *s, size_t len)
{
	uint64_t bytes;

	return is_max(s, len) || convert_bytes(s, len, &bytes)
		   ? NULL
		   : "expected max or bytes below 2^64, like 536870912 or 512M";
}

static const char *check_pids(const char *s, size_t len)
{
	uint64_t n;

	return is_max(s, len) || (convert_digits(s, len, &n) && n <= PIDS_MAX)
		   ? NULL
		   : "expected max or 0..4194304";
}

static const char *check_weight(const char *s, size_t len)
{
	uint64_t n;

	return convert_digits(s, len, &n) && n >= 1 && n <= WEIGHT_MAX ? NULL : "expected 1..10000";
}

static const struct {
	const char *head, *tail; /* of the key; anything between them when tail is not NULL */
	const char *(*check)(const char *s, size_t len);
} checks[] = {
    {"memory.min", NULL, check_bytes},     {"memory.low", NULL, check_bytes},
    {"memory.high", NULL, check_bytes},    {"memory.max", NULL, check_bytes},
    {"memory.swap.", "high", check_bytes}, {"memory.swap.", "max", check_bytes},
    {"memory.zswap.", "max", check_bytes}, {"hugetlb.", ".max", check_bytes},
    {"pids.max", NULL, check_pids},        {"cpu.weight", NULL, check_weight},
};

static bool is_about(const char *key, const char *head, const char *tail)
{
	size_t len = strlen(key), h = strlen(head), t = tail ? strlen(tail) : 0;

	if (!tail)
		return !strcmp(key, head);
	return len >= h + t && !strncmp(key, head, h) && !strcmp(key + len - t, tail);
}

/* One line of a value, blanks around it aside as the kernel has it. */
static const char *check_line(const char *key, const char *line, size_t len)
{
	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		if (is_about(key, checks[i].head, checks[i].tail))
			return checks[i].check(line, len);
	}
	return NULL;
}

/* --- steps --- */

static const char *pointer_of(struct planner *p, const struct oci_unified *u)
{
	return planner_why(p, "unified/%s", convert_pointer_token(p->plan->arena, u->key));
}

static int check_key(const char *key, const char *why, struct error *e)
{
	if (!is_key(key))
		return planner_bad(why, e,
				   "\"%s\" is not the name of a control file: expected "
				   "CONTROLLER.PARAMETER, like memory.high",
				   key);
	if (is_reserved(key))
		return planner_bad(why, e,
				   "%s cannot be set from a config: vmcg places processes and "
				   "enables controllers itself; remove the key",
				   key);
	return 0;
}

/* A typed field has written this file before: ours wins, and the log says so. */
static void warn_override(struct planner *p, const char *file, const char *why)
{
	const struct plan *plan = p->plan;

	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct plan_step *s = &plan->steps[i];

		if (s->op == PLAN_WRITE && !strcmp(s->file, file) && !strcmp(s->path, p->path))
			plan_warn(p->plan, "%s: overrides %s, which sets %s to %s", why, s->why,
				  file, s->value);
	}
}

/* One step for each line that holds something. */
static int plan_lines(struct planner *p, const struct oci_unified *u, const char *controller,
		      const char *why, struct error *e)
{
	bool any = false;

	for (const char *line = u->value, *end; *line; line = *end ? end + 1 : end) {
		size_t len = strcspn(line, "\n");
		const char *bad;

		end = line + len;
		if (strspn(line, " \t") >= len)
			continue;
		bad = check_line(u->key, line, len);
		if (bad)
			return planner_bad(why, e, "value \"%.*s\": %s", (int)len, line, bad);
		plan_add(p->plan, PHASE_UNIFIED, PLAN_WRITE, controller, p->path, u->key,
			 arena_copy(p->plan->arena, line, len), why);
		any = true;
	}
	if (!any)
		return planner_bad(why, e, "the value is empty; remove the key or give it a value");
	return 0;
}

/* What v2 does without control files: no key can begin with it. */
static bool has_no_files(const char *controller)
{
	return !strcmp(controller, "devices") || !strcmp(controller, "freezer") ||
	       !strcmp(controller, "unified");
}

/* 2, or what to return: the v2 tree must have the key's controller. */
static int find_version(struct planner *p, const char *controller, const char *why, struct error *e)
{
	int version = 2;

	if (p->facts->layout == LAYOUT_LEGACY)
		return planner_unfit(why, e,
				     "unified needs cgroup v2 and this host has v1 only; use the "
				     "other fields of linux.resources");
	if (has_no_files(controller))
		return planner_unfit(why, e, "cgroup v2 has no control files of that name");
	if (strcmp(controller, "cgroup") != 0)
		version = planner_version(p, controller, why, e);
	if (version == 1)
		return planner_unfit(why, e,
				     "unified needs cgroup v2 and the %s controller is on v1 here",
				     controller);
	return version;
}

int unified_plan(struct planner *p, struct error *e)
{
	for (size_t i = 0; i < p->resources->n_unified; i++) {
		const struct oci_unified *u = &p->resources->unified[i];
		const char *why = pointer_of(p, u);
		const char *controller;
		int version;

		if (check_key(u->key, why, e))
			return -1;
		controller = arena_copy(p->plan->arena, u->key, strcspn(u->key, "."));
		version = find_version(p, controller, why, e);
		if (version < 0)
			return -1;
		if (version == 0)
			continue;
		warn_override(p, u->key, why);
		if (plan_lines(p, u, controller, why, e))
			return -1;
	}
	return 0;
}
