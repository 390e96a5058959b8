/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitplan - the part of a plan that systemd carries out
 *
 * The limits become properties in unitplan_limits.c, the device policy in
 * unitplan_devices.c; here is the unit around them, and what it makes superfluous:
 * the directories, the enabling and the placing that systemd does itself.
 */
#include <string.h>

#include "hook/planner.h"
#include "hook/unitplan_work.h"

/* The last systemd that knows v1, for a v1 host of which nothing more is known. */
enum { LAST_WITH_V1 = 257, VERSION_UNKNOWN = 1 };

#define STOP_TIMEOUT UINT64_C(10000000) /* microseconds; for teardown that kills what is left */

const char *unitplan_description(const char *id, struct arena *a)
{
	return arena_printf(a, "VM of container %s (vmcg)", id);
}

bool unitplan_is_standing(const struct facts *f, const char *path)
{
	static const char *const homes[] = {"unified", "name=systemd"};
	const struct facts_cgroup *c = facts_cgroup(f, path);

	if (!c || c->n_in == 0)
		return c != NULL;
	for (size_t i = 0; i < c->n_in; i++) {
		const struct facts_mount *in = facts_mount(f, c->in[i]);

		for (size_t k = 0; in && k < sizeof(homes) / sizeof(*homes); k++) {
			const struct facts_mount *home = facts_mount(f, homes[k]);

			if (home && strcmp(in->path, home->path) == 0)
				return true;
		}
	}
	return false;
}

bool unitplan_has(const struct unitplan_work *w, uint64_t since, uint64_t until)
{
	return w->systemd >= since && (!until || w->systemd < until);
}

/* --- properties --- */

struct unit_property *unitplan_add(struct unit_properties *list, struct arena *a, const char *name,
				   const char *type, const char *why)
{
	struct unit_property *p = ARENA_APPEND(a, list->list, list->n);

	*p = (struct unit_property){.name = name, .type = type, .why = why};
	return p;
}

struct unit_property *unitplan_limit(struct unitplan_work *w, const char *name, const char *type,
				     const char *why)
{
	struct unit_property *p = unitprop_find(&w->limits, name);

	if (!p)
		return unitplan_add(&w->limits, w->arena, name, type, why);
	p->why = why;
	return p;
}

/* What two JSON pointers have in common, up to a "/". */
static const char *common_pointer(struct arena *a, const char *x, const char *y)
{
	size_t common = 0;

	for (size_t i = 0; x[i] == y[i] || !x[i] || !y[i]; i++) {
		if ((!x[i] || x[i] == '/') && (!y[i] || y[i] == '/'))
			common = i;
		if (!x[i] || !y[i])
			break;
	}
	return common ? arena_copy(a, x, common) : x;
}

void unitplan_limit_item(struct unitplan_work *w, const char *name, const char *key,
			 uint64_t number, const char *why)
{
	struct unit_property *p = unitprop_find(&w->limits, name);

	if (!p)
		p = unitplan_add(&w->limits, w->arena, name, "a(st)", why);
	p->why = common_pointer(w->arena, p->why, why);
	for (size_t i = 0; i < p->n_items; i++) {
		if (strcmp(p->items[i].key, key) == 0) {
			p->items[i].number = number;
			return;
		}
	}
	*ARENA_APPEND(w->arena, p->items, p->n_items) =
	    (struct unit_item){.key = key, .number = number};
}

/* Why the unit needs to have block I/O accounted; NULL when nothing in the config is about it. */
static const char *about_io(const struct unitplan_work *w)
{
	const char *controller = w->version == 2 ? "io" : "blkio";

	for (size_t i = 0; i < w->n_steps; i++)
		if (w->steps[i].op == PLAN_WRITE && strcmp(w->steps[i].controller, controller) == 0)
			return w->steps[i].why;
	return NULL;
}

/* Booleans and their versions: what systemd is asked to count, which makes it join the
 * hierarchies of v1. The last two: io on one version, blkio on the other. */
static void add_accounting(struct unitplan_work *w, struct unit_properties *list)
{
	static const struct {
		const char *name;
		uint64_t since, until;
		int io; /* the cgroup version on which it goes with block I/O */
	} rows[] = {
	    {"CPUAccounting", 208, 258, 0},   {"MemoryAccounting", 208, 0, 0},
	    {"TasksAccounting", 227, 0, 0},   {"IOAccounting", 230, 0, 2},
	    {"BlockIOAccounting", 0, 258, 1},
	};
	const char *io = about_io(w);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool wanted = !rows[i].io || (io && rows[i].io == w->version);

		if (wanted && unitplan_has(w, rows[i].since, rows[i].until))
			unitplan_add(list, w->arena, rows[i].name, "b", rows[i].io ? io : "default")
			    ->number = 1;
	}
}

static void add_text(struct unitplan_work *w, struct unit_properties *list, const char *name,
		     const char *text, const char *why)
{
	unitplan_add(list, w->arena, name, "s", why)->text = text;
}

/* What every scope of ours has, whatever the config says. */
static void add_scope(struct unitplan_work *w, struct unit_properties *list)
{
	const struct target *t = w->in->target;
	struct unit_property *pids;

	add_text(w, list, "Description", unitplan_description(w->in->id, w->arena), "default");
	add_text(w, list, "Slice", t->slice, t->why);
	unitplan_add(list, w->arena, "DefaultDependencies", "b", "default")->number = 0;
	unitplan_add(list, w->arena, "Delegate", "b", "default")->number = 1;
	if (unitplan_has(w, 236, 0))
		add_text(w, list, "CollectMode", "inactive-or-failed", "default");
	unitplan_add(list, w->arena, "TimeoutStopUSec", "t", "default")->number = STOP_TIMEOUT;
	add_accounting(w, list);
	pids = unitplan_add(list, w->arena, "PIDs", "au", w->in->vm_why);
	ARENA_APPEND(w->arena, pids->items, pids->n_items)->number = (uint64_t)w->in->vm;
}

/* systemd limits tasks by itself; the config that says nothing asks for no limit. */
static void lift_tasks(struct unitplan_work *w)
{
	if (unitplan_has(w, 227, 0) && !unitprop_find(&w->limits, "TasksMax"))
		unitplan_limit(w, "TasksMax", "t", "default")->number = UNITPROP_INFINITY;
}

/* --- what systemd does itself --- */

/* Does systemd put the scope into the hierarchy that is mounted here? */
static bool manages(const struct facts *f, const struct facts_mount *m)
{
	/* blkio only when its accounting is asked for; without it nothing is done there by hand
	 * either, because systemd throws out who joined without it. */
	static const char *const names[] = {"unified", "name=systemd", "cpu",  "cpuacct",
					    "memory",  "devices",      "pids", "blkio"};

	for (size_t i = 0; i < f->n_mounts; i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
			if (strcmp(f->mounts[i].path, m->path) == 0 &&
			    strcmp(f->mounts[i].name, names[k]) == 0)
				return true;
	return false;
}

/* Is that where a scope is in blkio? It is there only while something in the config is about it. */
static bool is_blkio(const struct facts *f, const struct facts_mount *m)
{
	const struct facts_mount *blkio = facts_mount(f, "blkio");

	return blkio && strcmp(blkio->path, m->path) == 0;
}

static bool is_done_by_systemd(const struct unitplan_work *w, const struct plan_step *s)
{
	const struct facts_mount *m = facts_mount(w->facts, s->controller);

	if (!m || !w->own || (s->op != PLAN_MKDIR && s->op != PLAN_PLACE))
		return false;
	return w->starting ? manages(w->facts, m) : is_blkio(w->facts, m) && !about_io(w);
}

/* Is a controller enabled by Delegate=true? */
static bool is_delegated(const struct unitplan_work *w, const char *name, size_t len)
{
	static const struct {
		const char *name;
		uint64_t since;
	} rows[] = {{"cpu", 0}, {"cpuset", 244}, {"io", 0}, {"memory", 0}, {"pids", 0}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strlen(rows[i].name) == len && strncmp(rows[i].name, name, len) == 0)
			return w->version == 2 && unitplan_has(w, rows[i].since, 0);
	return false;
}

/* Does systemd count a property as a setting? What it has by itself enables nothing. */
static bool is_setting(const struct unit_property *p)
{
	if (strcmp(p->type, "b") == 0)
		return false;
	if (strcmp(p->type, "t") != 0)
		return true;
	if (strcmp(p->name, "MemoryLow") == 0 || strcmp(p->name, "MemoryMin") == 0)
		return p->number != 0;
	return p->number != UNITPROP_INFINITY;
}

/* Is a controller enabled by what the runtime's unit is given? */
static bool is_set(const struct unitplan_work *w, const char *name, size_t len)
{
	static const struct {
		const char *head, *controller; /* of the properties' names */
	} rows[] = {
	    {"CPU", "cpu"},       {"Allowed", "cpuset"}, {"IO", "io"},
	    {"Memory", "memory"}, {"Tasks", "pids"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (strlen(rows[i].controller) != len ||
		    strncmp(rows[i].controller, name, len) != 0)
			continue;
		for (size_t k = 0; w->version == 2 && k < w->limits.n; k++) {
			const struct unit_property *p = &w->limits.list[k];

			if (strncmp(p->name, rows[i].head, strlen(rows[i].head)) == 0 &&
			    is_setting(p))
				return true;
		}
	}
	return false;
}

/* "+cpu +hugetlb" without what systemd enables: "+hugetlb"; "" when it enables all of it. */
static const char *left_to_enable(const struct unitplan_work *w, const char *value)
{
	const char *left = "";

	while (*value) {
		size_t n = strcspn(value, " ");

		if (!(w->own ? is_delegated : is_set)(w, value + 1, n - 1))
			left = arena_printf(w->arena, "%s%s%.*s", left, *left ? " " : "", (int)n,
					    value);
		value += n;
		value += strspn(value, " ");
	}
	return left;
}

/* Take out of the plan what the start of a unit does, or a change of it. */
static void drop_what_systemd_does(struct unitplan_work *w)
{
	struct plan *p = w->plan;
	size_t kept = 0;

	for (size_t i = 0; i < p->n_steps; i++) {
		struct plan_step s = p->steps[i];

		if (is_done_by_systemd(w, &s))
			continue;
		if (s.op == PLAN_ENABLE)
			s.value = left_to_enable(w, s.value);
		if (s.op != PLAN_ENABLE || *s.value)
			p->steps[kept++] = s;
	}
	p->n_steps = kept;
}

/* The first step of its phase: what is added last comes last, so all are added again. */
static void put_first(struct unitplan_work *w, enum plan_op op)
{
	const struct target *t = w->in->target;
	struct plan *p = w->plan;
	const struct plan_step *rest = p->steps;
	size_t n = p->n_steps;

	p->steps = NULL;
	p->n_steps = 0;
	plan_add(p, PHASE_CREATE, op, p->layout == LAYOUT_LEGACY ? "name=systemd" : "", t->path,
		 NULL, t->unit, t->why);
	for (size_t i = 0; i < n; i++)
		*ARENA_APPEND(p->arena, p->steps, p->n_steps) = rest[i];
}

/* --- the whole --- */

static void append(struct unitplan_work *w, struct unit_properties *list)
{
	for (size_t i = 0; i < w->limits.n; i++)
		*ARENA_APPEND(w->arena, list->list, list->n) = w->limits.list[i];
}

static int plan_start(struct unitplan_work *w, struct error *e)
{
	struct unit_properties *list = &w->plan->properties;

	if (!w->in->vm)
		return error_set(e, ERROR_HOST,
				 "%s: systemd makes a scope only around a process, and the VM "
				 "process is not known; name it with --vm-pid, or use "
				 "--cgroup-manager cgroupfs",
				 w->in->target->unit);
	add_scope(w, list);
	if (unitplan_devices(w, list, e) < 0 || unitplan_limits(w, e) < 0)
		return -1;
	lift_tasks(w);
	append(w, list);
	drop_what_systemd_does(w);
	put_first(w, PLAN_START);
	return 0;
}

static int plan_set(struct unitplan_work *w, struct error *e)
{
	struct unit_properties *list = &w->plan->properties;

	if (unitplan_devices(w, list, e) < 0 || unitplan_limits(w, e) < 0)
		return -1;
	/* Of a unit of ours: a change of the devices alone is no word about tasks. */
	if (w->own && w->limits.n)
		lift_tasks(w);
	append(w, list);
	drop_what_systemd_does(w);
	if (list->n || w->plan->unwanted.n)
		put_first(w, PLAN_SET);
	return 0;
}

/* The steps as they are now, for those who look at more than one. */
static const struct plan_step *copy_steps(const struct plan *p)
{
	struct plan_step *copy = arena_alloc(p->arena, (p->n_steps + 1) * sizeof(*copy));

	for (size_t i = 0; i < p->n_steps; i++)
		copy[i] = p->steps[i];
	return copy;
}

int unitplan(struct plan *p, const struct unitplan_input *in, struct error *e)
{
	struct unitplan_work w = {.plan = p,
				  .in = in,
				  .facts = in->facts,
				  .arena = p->arena,
				  .own = in->target->mode == MODE_OWN,
				  .starting = in->target->mode == MODE_OWN && !in->target->standing,
				  .version = p->layout == LAYOUT_UNIFIED ? 2 : 1,
				  .systemd = in->facts->systemd,
				  .steps = copy_steps(p),
				  .n_steps = p->n_steps};

	if (w.systemd == VERSION_UNKNOWN) {
		plan_note(p, "the version of systemd is not known: taken as a current one");
		w.systemd = w.version == 2 ? UINT64_MAX : LAST_WITH_V1;
	}
	return w.starting ? plan_start(&w, e) : plan_set(&w, e);
}
