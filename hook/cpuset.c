/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpuset - linux.resources.cpu.cpus and mems as steps
 *
 * Both are written before a task can enter: v1 refuses a task while one of them
 * is empty, and on v2 memory that is already there does not follow.
 */
#include "hook/convert.h"
#include "hook/planner.h"

struct set {
	const char *field, *text; /* of the config; NULL when absent */
	const char *what;         /* for messages */
	const char *online;       /* what the host has; NULL when unknown */
	const char *file, *bare;  /* bare: its name on a v1 mount with noprefix */
	struct convert_list list;
};

/* The list, checked against its grammar. */
static int read_set(struct planner *p, struct set *s, struct error *e)
{
	const char *bad = NULL;

	if (!s->text || !*s->text)
		return 0;
	if (convert_list_parse(&s->list, p->plan->arena, s->text, &bad))
		return planner_bad(planner_why(p, "cpu/%s", s->field), e,
				   "value \"%s\": %s (expected a list like 0-3,5)", s->text, bad);
	return 0;
}

/* Does the host have all of it? The kernel would only say ERANGE. */
static int check_online(struct planner *p, const struct set *s, struct error *e)
{
	struct convert_list online;

	if (!s->online || !*s->online ||
	    convert_list_parse(&online, p->plan->arena, s->online, NULL) ||
	    convert_list_contains(&online, &s->list))
		return 0;
	return planner_unfit(planner_why(p, "cpu/%s", s->field), e,
			     "value \"%s\": this host has %s %s", s->text, s->what, s->online);
}

static int plan_set(struct planner *p, const struct set *s, int version, struct error *e)
{
	bool bare = version == 1 && facts_has_file(p->facts, s->bare);

	if (!s->list.n)
		return 0;
	if (check_online(p, s, e))
		return -1;
	planner_write(p, PHASE_PRETASK, "cpuset", bare ? s->bare : s->file,
		      planner_why(p, "cpu/%s", s->field), "%s",
		      convert_list_format(&s->list, p->plan->arena));
	return 0;
}

int cpuset_plan(struct planner *p, struct error *e)
{
	struct set cpus = {.field = "cpus",
			   .text = p->resources->cpu.cpus,
			   .what = "CPUs",
			   .online = p->facts->cpus,
			   .file = "cpuset.cpus",
			   .bare = "cpus"};
	struct set mems = {.field = "mems",
			   .text = p->resources->cpu.mems,
			   .what = "memory nodes",
			   .online = p->facts->mems,
			   .file = "cpuset.mems",
			   .bare = "mems"};
	int version;

	if (read_set(p, &cpus, e) || read_set(p, &mems, e))
		return -1;
	version = planner_version_of(p, "cpuset",
				     (const struct planner_wish[]){
					 {"cpu/cpus", cpus.list.n ? WISH_REAL : WISH_ABSENT},
					 {"cpu/mems", mems.list.n ? WISH_REAL : WISH_ABSENT},
				     },
				     2, e);
	if (version <= 0)
		return version;
	if (plan_set(p, &cpus, version, e))
		return -1;
	return plan_set(p, &mems, version, e);
}
