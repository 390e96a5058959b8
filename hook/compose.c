/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose - the whole plan for one container
 *
 * A hierarchy appears once, however many controllers share its mount; it is
 * called by the name of its first mount, and "" when it is the v2 tree.
 */
#include "hook/compose.h"

#include <string.h>

#include "hook/cgpath.h"
#include "hook/planner.h"
#include "hook/unitplan.h"

struct composer {
	const struct compose_input *in;
	struct planner planner;
	struct plan *plan;
	struct arena *arena;
};

/* --- hierarchies --- */

static const char *hierarchy_name(const struct facts_mount *m)
{
	return strcmp(m->name, "unified") == 0 ? "" : m->name;
}

/* The hierarchy that has a controller here: what v1 has not is in the v2 tree. */
static const struct facts_mount *mount_of(const struct facts *f, const char *controller)
{
	const struct facts_mount *m = facts_mount(f, controller);

	return m ? m : facts_mount(f, "unified");
}

/* The facts' name of a hierarchy: "" is "unified" there. */
static const char *facts_name(const char *hierarchy)
{
	return *hierarchy ? hierarchy : "unified";
}

static bool exists_in(const struct facts *f, const char *path, const char *hierarchy)
{
	const struct facts_cgroup *g = facts_cgroup(f, path);

	for (size_t i = 0; g && i < g->n_in; i++)
		if (strcmp(g->in[i], facts_name(hierarchy)) == 0)
			return true;
	return g && g->n_in == 0;
}

/* --- create --- */

static void make_directories(struct composer *c, const char *hierarchy)
{
	const char *path = c->in->target->path;

	for (size_t i = 1; i <= cgpath_depth(path); i++) {
		const char *part = cgpath_head(c->arena, path, i);

		if (!exists_in(c->in->facts, part, hierarchy))
			plan_add(c->plan, PHASE_CREATE, PLAN_MKDIR, hierarchy, part, NULL, NULL,
				 c->in->target->why);
	}
}

/* A v1 cpuset starts empty and admits nobody until it is filled from its parent. What the config
 * asks for is written first, so the leaf is looked at in the next phase. */
static void fill_cpusets(struct composer *c)
{
	static const char *const names[2][2] = {{"cpuset.cpus", "cpuset.mems"}, {"cpus", "mems"}};
	const char *const *files = names[facts_has_file(c->in->facts, "cpus")];
	const char *path = c->in->target->path;
	size_t depth = cgpath_depth(path);

	for (size_t i = 1; i <= depth; i++)
		for (size_t k = 0; k < 2; k++)
			plan_add(c->plan, i < depth ? PHASE_CREATE : PHASE_PRETASK, PLAN_INHERIT,
				 "cpuset", cgpath_head(c->arena, path, i), files[k], NULL,
				 "parent");
}

/* A v2 group between the root and the target must be able to hand controllers down. */
static int check_ancestor(const struct facts_cgroup *g, const char *controllers, struct error *e)
{
	if (g->type && strcmp(g->type, "domain") != 0)
		return error_set(e, ERROR_HOST,
				 "%s: cgroup.type is \"%s\": %s cannot be enabled below it; choose "
				 "a cgroupsPath outside of threaded groups",
				 g->path, g->type, controllers);
	/* Only the real root may hold processes and hand controllers down. */
	if (g->type && g->procs)
		return error_set(
		    e, ERROR_HOST,
		    "%s: holds %llu process%s, so %s cannot be enabled for its children "
		    "(cgroup v2 allows processes in leaves only); choose another parent in "
		    "cgroupsPath",
		    g->path, (unsigned long long)g->procs, g->procs == 1 ? "" : "es", controllers);
	return 0;
}

/* Enable on every ancestor what is needed and not yet enabled there: one write each. */
static int enable_controllers(struct composer *c, struct error *e)
{
	const char *path =
	    target_path_in(c->in->target, c->in->facts, c->in->init, "unified", c->arena);

	/* path NULL: adopted elsewhere only, which the steps that need v2 will find out */
	for (size_t i = 0; path && i < cgpath_depth(path); i++) {
		const char *part = cgpath_head(c->arena, path, i);
		const struct facts_cgroup *g = facts_cgroup(c->in->facts, part);
		const char *missing = "";

		for (size_t k = 0; k < c->planner.n_needed; k++) {
			const char *name = c->planner.needed[k];

			/* device filtering needs no enabling on v2 */
			if (strcmp(name, "devices") == 0 || strcmp(name, "freezer") == 0 ||
			    (g && facts_lists(g->subtree_control, name, strlen(name))))
				continue;
			missing =
			    arena_printf(c->arena, "%s%s+%s", missing, *missing ? " " : "", name);
		}
		if (!*missing)
			continue;
		if (g && check_ancestor(g, missing, e) < 0)
			return -1;
		plan_add(c->plan, PHASE_CREATE, PLAN_ENABLE, "", part, "cgroup.subtree_control",
			 missing, c->planner.resources->base);
	}
	return 0;
}

/* --- devices --- */

/*
 * Adopt: every filter from the target down to where init and the VM sit can deny, so each
 * is a step; parents first, because a v1 child cannot have more than its parent.
 */
static int extend_filters(struct composer *c, const char *why, struct error *e)
{
	const struct compose_input *in = c->in;
	const struct facts_process *init = facts_process(in->facts, in->init);
	const struct facts_process *vm = facts_process(in->facts, in->vm);
	const struct facts_mount *m = mount_of(in->facts, "devices");
	const char *leaf = init && m ? facts_process_path(init, m->name) : NULL;
	const char *vms = vm && m ? facts_process_path(vm, m->name) : NULL;
	const char *target =
	    m ? target_path_in(in->target, in->facts, in->init, m->name, c->arena) : NULL;

	if (!leaf || !target)
		return error_set(e, ERROR_HOST,
				 "%s: the container's init (process %lld) is not in this cgroup in "
				 "the hierarchy that filters devices, so the hypervisor's devices "
				 "cannot be granted there (%s)",
				 in->target->path, (long long)in->init, why);
	for (size_t i = cgpath_depth(target); i <= cgpath_depth(leaf); i++)
		plan_add(c->plan, PHASE_PRETASK, PLAN_DEVICES, "devices",
			 cgpath_head(c->arena, leaf, i), NULL, NULL, why);
	/* A manager inside the container may have put the VM into another child than init is in. */
	for (size_t i = cgpath_depth(target);
	     vms && cgpath_within(vms, target) && i <= cgpath_depth(vms); i++)
		if (!cgpath_within(leaf, cgpath_head(c->arena, vms, i)))
			plan_add(c->plan, PHASE_PRETASK, PLAN_DEVICES, "devices",
				 cgpath_head(c->arena, vms, i), NULL, NULL, why);
	return 0;
}

static int take_policy(struct composer *c, struct error *e)
{
	const struct compose_input *in = c->in;

	if (!in->given)
		return hypervisor_policy(c->plan, in->resources, in->devices, in->policy, in->facts,
					 e);
	c->plan->has_devices = true;
	c->plan->devices = *in->given;
	c->plan->denied = *in->given_denied;
	return 0;
}

static int filter_devices(struct composer *c, struct error *e)
{
	const struct oci_resources *r = c->in->resources;
	const char *why = r->n_devices ? planner_why(&c->planner, "devices") : "default";

	if (c->in->facts->rootless) {
		plan_warn(c->plan, "rootless: the device filter is left to the caller's manager");
		return 0;
	}
	if (!facts_version(c->in->facts, "devices"))
		return error_set(
		    e, ERROR_HOST,
		    "%s/devices: this host can filter devices neither by the v1 devices "
		    "controller nor on a cgroup v2 tree",
		    r->base);
	if (take_policy(c, e) < 0)
		return -1;
	if (c->in->target->mode == MODE_ADOPT)
		return extend_filters(c, why, e);
	plan_add(c->plan, PHASE_PRETASK, PLAN_DEVICES, "devices", c->in->target->path, NULL, NULL,
		 why);
	return 0;
}

/* --- place --- */

/*
 * Where the VM process goes in one hierarchy; NULL: it stays. In adopt mode the
 * group may have children, so it joins init's own.
 */
static const char *place_in(const struct composer *c, const char *hierarchy)
{
	const struct compose_input *in = c->in;
	const struct facts_process *vm = facts_process(in->facts, in->vm);
	const char *is = vm ? facts_process_path(vm, hierarchy) : NULL;
	const struct facts_process *init;
	const char *target, *leaf;

	if (in->target->mode == MODE_OWN)
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a target has a path */
		return is && strcmp(is, in->target->path) == 0 ? NULL : in->target->path;
	target = target_path_in(in->target, in->facts, in->init, hierarchy, c->arena);
	init = facts_process(in->facts, in->init);
	leaf = init ? facts_process_path(init, hierarchy) : NULL;
	if (!target || !leaf || in->vm == in->init || (is && cgpath_within(is, target)))
		return NULL;
	return leaf;
}

static void place(struct composer *c)
{
	const struct facts *f = c->in->facts;
	const char *pid = arena_printf(c->arena, "%lld", (long long)c->in->vm);
	bool new_cpuset = false;

	for (size_t i = 0; c->in->vm && i < f->n_mounts; i++) {
		const char *name = hierarchy_name(&f->mounts[i]);
		const char *path = facts_first_of_mount(f->mounts, i) ? place_in(c, name) : NULL;

		if (!path)
			continue;
		plan_add(c->plan, PHASE_PLACE, PLAN_PLACE, name, path, "cgroup.procs", pid,
			 c->in->vm_why);
		if (facts_version(f, "cpuset") &&
		    strcmp(mount_of(f, "cpuset")->path, f->mounts[i].path) == 0)
			new_cpuset = true;
	}
	if (new_cpuset && c->in->resources->cpu.cpus && c->in->resources->cpu.cpus[0])
		plan_add(c->plan, PHASE_PLACE, PLAN_AFFINITY, "cpuset", c->in->target->path, NULL,
			 pid, planner_why(&c->planner, "cpu/cpus"));
}

/* --- rootless --- */

/* What is left of the host for a caller without privilege: the v2 tree, and of its controllers
 * those that his own group was given. */
static const struct facts *delegated_part(const struct facts *f, struct arena *a)
{
	const struct facts_cgroup *g = f->delegated ? facts_cgroup(f, f->delegated) : NULL;
	const struct facts_mount *unified = facts_mount(f, "unified");
	struct facts *part;

	if (!f->rootless || !unified || !g || !g->controllers)
		return f;
	part = arena_alloc(a, sizeof(*part));
	*part = *f;
	part->mounts = arena_alloc(a, sizeof(*part->mounts));
	part->mounts[0] = *unified;
	part->n_mounts = 1;
	part->controllers = NULL;
	part->n_controllers = 0;
	for (const char *at = g->controllers; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		*ARENA_APPEND(a, part->controllers, part->n_controllers) = arena_copy(a, at, n);
		at += n;
	}
	return part;
}

/* --- the whole --- */

static int translate(struct composer *c, struct error *e)
{
	static int (*const parts[])(struct planner *, struct error *) = {
	    cpuset_plan,  cpu_plan,  memory_plan,  pids_plan,    blkio_plan,
	    hugetlb_plan, rdma_plan, network_plan, unified_plan,
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i](&c->planner, e) < 0)
			return -1;
	return 0;
}

/* Adopt: a v1 runtime may have chosen another base in each hierarchy. */
static int move_to_adopted(struct composer *c, struct error *e)
{
	for (size_t i = 0; i < c->plan->n_steps; i++) {
		struct plan_step *s = &c->plan->steps[i];
		const struct facts_mount *m = mount_of(c->in->facts, s->controller);
		const char *path;

		if (s->op == PLAN_PLACE || s->op == PLAN_ENABLE || s->op == PLAN_DEVICES ||
		    s->op == PLAN_SET || !m)
			continue;
		path = target_path_in(c->in->target, c->in->facts, c->in->init, m->name, c->arena);
		if (!path)
			return error_set(
			    e, ERROR_HOST,
			    "%s: the container's init (process %lld) is not in %s in the "
			    "%s hierarchy, so this cannot be set there",
			    s->why, (long long)c->in->init, c->in->target->path, m->name);
		s->path = path;
	}
	return 0;
}

/* Systemd's part of it. Before the steps go to where each hierarchy has the group: a unit is one.
 */
static int give_to_systemd(struct composer *c, struct error *e)
{
	const struct compose_input *in = c->in;
	const struct unitplan_input u = {.facts = in->facts,
					 .target = in->target,
					 .id = in->target->id,
					 .vm = in->vm,
					 .vm_why = in->vm_why};

	return in->target->manager == MANAGER_SYSTEMD ? unitplan(c->plan, &u, e) : 0;
}

static void start_plan(struct composer *c)
{
	const struct target *t = c->in->target;
	struct plan *p = c->plan;

	p->layout = c->in->facts->layout;
	p->manager = t->manager;
	p->mode = t->mode;
	p->path = t->path;
	p->unit = t->unit;
	p->slice = t->slice;
	if (t->warning)
		plan_warn(p, "%s", t->warning);
}

static int group_and_limits(struct composer *c, struct error *e)
{
	const struct facts *f = c->in->facts;
	bool own = c->in->target->mode == MODE_OWN;

	for (size_t i = 0; own && i < f->n_mounts; i++)
		if (facts_first_of_mount(f->mounts, i))
			make_directories(c, hierarchy_name(&f->mounts[i]));
	if (translate(c, e) < 0)
		return -1;
	if (own && facts_version(f, "cpuset") == 1)
		fill_cpusets(c);
	return 0;
}

int compose_plan(struct plan *plan, const struct compose_input *given, struct error *e)
{
	const struct facts *f = delegated_part(given->facts, plan->arena);
	struct compose_input in = *given;
	struct composer c = {.in = &in, .plan = plan, .arena = plan->arena};

	in.facts = f;
	c.planner = (struct planner){.facts = f,
				     .plan = plan,
				     .resources = in.resources,
				     .path = in.target->path,
				     .fresh = in.target->fresh,
				     .lenient = f->rootless && !in.policy->rootless_require};
	start_plan(&c);
	if (in.target->nothing)
		return 0;
	if (!in.only_devices && group_and_limits(&c, e) < 0)
		return -1;
	if (filter_devices(&c, e) < 0)
		return -1;
	if (!in.only_devices && enable_controllers(&c, e) < 0)
		return -1;
	if (!in.only_devices)
		place(&c);
	if (give_to_systemd(&c, e) < 0)
		return -1;
	if (in.target->mode == MODE_ADOPT && move_to_adopted(&c, e) < 0)
		return -1;
	plan_sort(plan);
	return 0;
}

const char **compose_controllers(const struct oci_resources *r, struct arena *a)
{
	const struct {
		bool wanted;
		const char *v1, *v2;
	} all[] = {
	    {r->cpu.shares.set || r->cpu.quota.set || r->cpu.period.set || r->cpu.burst.set ||
		 r->cpu.idle.set || r->cpu.realtime_period.set || r->cpu.realtime_runtime.set,
	     "cpu", NULL},
	    {true, "cpuset", NULL}, /* own mode fills v1 cpusets whatever the config says */
	    {r->memory.limit.set || r->memory.swap.set || r->memory.kernel.set ||
		 r->memory.kernel_tcp.set || r->memory.use_hierarchy.set,
	     "memory", NULL},
	    {r->blkio.weight.set || r->blkio.leaf_weight.set || r->blkio.n_weight_device, "blkio",
	     "io"},
	    {r->n_hugepages != 0, "hugetlb", NULL},
	};
	const char **names = arena_alloc(a, (2 * sizeof(all) / sizeof(*all) + 1) * sizeof(*names));
	size_t n = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (all[i].wanted)
			names[n++] = all[i].v1;
		if (all[i].wanted && all[i].v2)
			names[n++] = all[i].v2;
	}
	return names;
}
