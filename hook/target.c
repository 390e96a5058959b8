/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target - which cgroup, made by whom, and whether it is ours
 */
#include "hook/target.h"

#include <string.h>

#include "hook/cgpath.h"
#include "hook/unitname.h"

#define SCOPE ".scope"

static bool given(const char *path)
{
	return path && path[0];
}

const char *target_default_path(const char *id, struct arena *a)
{
	return arena_printf(a, "/vmcg/%s", id);
}

static const char *default_slice(const struct facts *f)
{
	return f->rootless ? "user.slice" : "system.slice";
}

/* A three-field path without ".slice" is a directory name with colons, and mostly a mistake. */
static const char *doubtful_form(const char *path, struct arena *a)
{
	const char *first = strchr(path, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;

	if (!second || strchr(second + 1, ':') || unitname_has_form(path))
		return NULL;
	return arena_printf(
	    a,
	    "cgroupsPath \"%s\" looks like slice:prefix:name, but its first part does "
	    "not end in \".slice\": taken as a directory name",
	    path);
}

/* Rootless, and no group that the VM can be put into; why is a clause, way_out another. */
static int nothing_applies(struct target *t, const struct target_wishes *w, const char *why,
			   const char *way_out, struct arena *a, struct error *e)
{
	if (w->rootless_require)
		return error_set(e, ERROR_HOST,
				 "rootless: %s, and policy says \"rootless\": \"require\"; %s", why,
				 way_out);
	t->nothing = true;
	t->warning = arena_printf(a, "rootless: %s, so no limit applies", why);
	return 0;
}

static int nothing_delegated(struct target *t, const struct target_wishes *w, struct arena *a,
			     struct error *e)
{
	return nothing_applies(t, w, "no cgroup is delegated to this user",
			       "delegate one, for example with systemd's Delegate=yes on "
			       "user@.service",
			       a, e);
}

/* Rootless: where the VM is, if that is outside of what is delegated. The kernel lets nobody take
 * it from there; his systemd may. */
static const char *out_of_reach(const struct target_wishes *w, const struct facts *f)
{
	const struct facts_process *vm = facts_process(f, w->vm);
	const char *path = vm ? facts_process_path(vm, "unified") : NULL;

	if (!f->rootless || !f->delegated || !path || cgpath_within(path, f->delegated))
		return NULL;
	return path;
}

/* --- where a runtime has put init --- */

/*
 * The longest leading part of path whose end is tail: where init sits, or above
 * it when the runtime put it into a child. NULL when there is none.
 */
static const char *leading_part(const char *path, const char *tail, struct arena *a)
{
	while (path && strcmp(path, "/") != 0) {
		if (cgpath_ends_with(path, tail))
			return path;
		path = cgpath_parent(a, path);
	}
	return NULL;
}

/* The names that runtimes give to the group of a container without cgroupsPath; the first is
 * that of cgroupfs, the others are units. */
static const char *group_named_after(const char *path, const char *id, bool unit, struct arena *a)
{
	static const char *const forms[][2] = {
	    {"", ""},
	    {"runc-", SCOPE},
	    {"crun-", SCOPE},
	    {"libpod-", SCOPE},
	};

	for (size_t i = unit; i < sizeof(forms) / sizeof(*forms); i++) {
		const char *name = arena_printf(a, "%s%s%s", forms[i][0], id, forms[i][1]);

		if (leading_part(path, name, a))
			return name;
	}
	return NULL;
}

/* Where is init, if a runtime put it into a group whose path ends in tail (NULL: that is named
 * after the container; unit: as a unit is)? *ret_end is the end. NULL: it is elsewhere. */
static const char *runtimes_group(const char **ret_end, const struct target_wishes *w,
				  const struct facts *f, const char *tail, bool unit,
				  struct arena *a)
{
	const struct facts_process *init = facts_process(f, w->init);

	for (size_t i = 0; init && i < init->n_cgroups; i++) {
		const char *path = init->cgroups[i].path;
		const char *end = tail ? tail : group_named_after(path, w->id, unit, a);
		const char *group = end ? leading_part(path, end, a) : NULL;

		if (!group)
			continue;
		*ret_end = end;
		return group;
	}
	return NULL;
}

/* The same for a target: sets t->path and t->tail. */
static bool find_runtimes_group(struct target *t, const struct target_wishes *w,
				const struct facts *f, const char *tail, struct arena *a)
{
	const char *end;
	const char *group = runtimes_group(&end, w, f, tail, t->manager == MANAGER_SYSTEMD, a);

	if (!group)
		return false;
	t->path = group;
	t->tail = end;
	return true;
}

/* cgroupsPath as the end of a directory's path, whatever its form; NULL: there is none. */
static const char *literal_tail(const struct target_wishes *w, struct arena *a)
{
	const char *clean;

	if (!given(w->cgroups_path) || cgpath_clean(&clean, a, w->cgroups_path, "", NULL) < 0)
		return NULL;
	return clean + 1;
}

/* --- manager --- */

/* The group of the user's systemd, user@UID.service: what was delegated to the caller, or above
 * that. NULL: none. */
static const char *user_manager(const struct facts *f, struct arena *a)
{
	const char *at = f->delegated;

	for (; at; at = cgpath_parent(a, at)) {
		const char *name = cgpath_name(at);

		if (strncmp(name, "user@", 5) == 0 &&
		    strcmp(name + strcspn(name, "."), ".service") == 0)
			break;
	}
	return at;
}

/* Without a cgroupsPath: did the runtime ask systemd, or is it the only one who can move the VM? */
static bool needs_unit(const struct target_wishes *w, const struct facts *f, struct arena *a)
{
	const char *end;

	if (w->mode != MODE_OWN && runtimes_group(&end, w, f, NULL, true, a))
		return true;
	return !w->cgroups_path && out_of_reach(w, f) && user_manager(f, a);
}

static enum manager choose_manager(const struct target_wishes *w, const struct facts *f,
				   struct arena *a)
{
	bool adoptable = w->mode != MODE_OWN;
	const char *tail, *end;

	if (w->manager != CHOICE_AUTO)
		return (enum manager)w->manager;
	if (!f->systemd)
		return MANAGER_CGROUPFS;
	/* Nobody named a unit. */
	if (!given(w->cgroups_path))
		return needs_unit(w, f, a) ? MANAGER_SYSTEMD : MANAGER_CGROUPFS;
	if (!unitname_has_form(w->cgroups_path))
		return MANAGER_CGROUPFS;
	/* A runtime that was not told to ask systemd took it as a directory's name. */
	tail = literal_tail(w, a);
	return adoptable && tail && runtimes_group(&end, w, f, tail, false, a) ? MANAGER_CGROUPFS
									       : MANAGER_SYSTEMD;
}

/* --- systemd --- */

/* The runtime's own unit, which nobody named: init sits in it. */
static bool find_runtimes_unit(struct target *t, const struct target_wishes *w,
			       const struct facts *f, struct arena *a)
{
	const char *slice;

	if (given(w->cgroups_path) || w->mode == MODE_OWN || !find_runtimes_group(t, w, f, NULL, a))
		return false;
	slice = cgpath_name(cgpath_parent(a, t->path));
	t->unit = t->tail;
	t->slice = *slice ? slice : "-.slice";
	return true;
}

/* Rootless: the user's systemd has its groups below its own. */
static int locate_user_manager(struct target *t, const struct target_wishes *w,
			       const struct facts *f, struct arena *a, struct error *e)
{
	const char *base = user_manager(f, a);

	if (base)
		t->path = cgpath_join(a, base, t->path);
	else if (f->delegated)
		return error_set(e, ERROR_HOST,
				 "rootless: %s is delegated to this user, but it is not within "
				 "the user's systemd (user@UID.service); use --cgroup-manager "
				 "cgroupfs",
				 f->delegated);
	else
		return nothing_delegated(t, w, a, e);
	return 0;
}

/* A name that brings its own ".scope" is legal, and mostly a mistake. */
static const char *doubtful_name(const char *unit, struct arena *a)
{
	static const char twice[] = SCOPE SCOPE;
	size_t n = strlen(unit);

	if (n < strlen(twice) || strcmp(unit + n - strlen(twice), twice) != 0)
		return NULL;
	return arena_printf(a, "cgroupsPath: the name ends in \".scope\" already: the unit is %s",
			    unit);
}

static int locate_systemd(struct target *t, const struct target_wishes *w, const struct facts *f,
			  struct arena *a, struct error *e)
{
	struct unitname name;
	int r;

	if (!f->systemd)
		return error_set(e, ERROR_HOST,
				 "the systemd manager was asked for, but systemd does not run here "
				 "(no /run/systemd/system); use --cgroup-manager cgroupfs");
	t->why = w->cgroups_path ? "/linux/cgroupsPath" : "default";
	if (find_runtimes_unit(t, w, f, a))
		return 0;
	/* "" is a value for a unit of our own, unlike absent: it has not the form. */
	if (w->cgroups_path)
		r = unitname_parse(&name, w->cgroups_path, default_slice(f), a, e);
	else
		r = unitname_for_id(&name, w->id, default_slice(f), a, e);
	if (r < 0)
		return -1;
	t->unit = name.unit;
	t->slice = name.slice;
	t->path = name.path;
	t->warning = doubtful_name(name.unit, a);
	return f->rootless ? locate_user_manager(t, w, f, a, e) : 0;
}

/* --- cgroupfs --- */

static int locate_cgroupfs(struct target *t, const struct target_wishes *w, const struct facts *f,
			   struct arena *a, struct error *e)
{
	const char *clean;

	if (!given(w->cgroups_path)) {
		t->why = "default";
		if (w->mode != MODE_OWN && find_runtimes_group(t, w, f, NULL, a))
			return 0;
		t->path = target_default_path(w->id, a);
		return 0;
	}
	t->why = "/linux/cgroupsPath";
	t->warning = doubtful_form(w->cgroups_path, a);
	if (cgpath_clean(&clean, a, w->cgroups_path, t->why, e) < 0)
		return -1;
	t->path = clean;
	/* A relative path has a base that the runtime chose; see where it did. */
	if (w->cgroups_path[0] != '/' && w->mode != MODE_OWN)
		find_runtimes_group(t, w, f, clean + 1, a);
	return 0;
}

/* Rootless: everything goes below what was delegated to the caller. */
static int locate_rootless(struct target *t, const struct target_wishes *w, const struct facts *f,
			   struct arena *a, struct error *e)
{
	const char *at = out_of_reach(w, f);

	if (t->tail)
		return 0; /* the runtime's own group, found where init sits */
	if (!f->delegated)
		return nothing_delegated(t, w, a, e);
	if (at)
		return nothing_applies(
		    t, w,
		    arena_printf(a,
				 "process %lld is in %s, outside of what is delegated to this user "
				 "(%s), from where only his systemd can take it",
				 (long long)w->vm, at, f->delegated),
		    "use --cgroup-manager systemd, with a cgroupsPath of its form or none", a, e);
	if (!cgpath_within(t->path, f->delegated))
		t->path = cgpath_join(a, f->delegated, t->path);
	return 0;
}

int target_locate(struct target *ret, const struct target_wishes *w, const struct facts *f,
		  struct arena *a, struct error *e)
{
	struct target t = {.manager = choose_manager(w, f, a), .id = w->id};
	int r;

	if (t.manager == MANAGER_SYSTEMD)
		r = locate_systemd(&t, w, f, a, e);
	else
		r = locate_cgroupfs(&t, w, f, a, e);
	if (r == 0 && f->rootless && t.manager == MANAGER_CGROUPFS)
		r = locate_rootless(&t, w, f, a, e);
	if (r < 0)
		return -1;
	*ret = t;
	return 0;
}

const char *target_path_in(const struct target *t, const struct facts *f, int64_t init,
			   const char *hierarchy, struct arena *a)
{
	const struct facts_process *p;
	const char *path;

	if (t->mode == MODE_OWN)
		return t->path;
	p = facts_process(f, init);
	path = p ? facts_process_path(p, hierarchy) : NULL;
	if (!path)
		return NULL;
	if (t->tail)
		return leading_part(path, t->tail, a);
	return cgpath_within(path, t->path) ? t->path : NULL;
}

/* Does init sit at the target or below it, in any hierarchy? */
static bool init_is_inside(const struct target *t, const struct target_wishes *w,
			   const struct facts *f)
{
	const struct facts_process *init = facts_process(f, w->init);

	if (t->tail)
		return true; /* that is how the path was found */
	for (size_t i = 0; init && i < init->n_cgroups; i++)
		if (cgpath_within(init->cgroups[i].path, t->path))
			return true;
	return false;
}

/* Own was asked for, but the path belongs to the container's runtime: a group beside it. */
static int own_beside(struct target *t, const struct target_wishes *w, struct arena *a,
		      struct error *e)
{
	if (w->vm && w->vm == w->init)
		return error_set(
		    e, ERROR_HOST,
		    "%s: --mode own would move the container's init (process %lld) out "
		    "of its runtime's cgroup, which breaks exec, pause and kill there; "
		    "name the VM process with --vm-pid, or use --mode adopt",
		    t->path, (long long)w->init);
	t->warning = arena_printf(a, "%s belongs to the container's runtime: the VM gets %s",
				  t->path, target_default_path(w->id, a));
	t->path = target_default_path(w->id, a);
	t->manager = MANAGER_CGROUPFS; /* the unit is the runtime's as well */
	t->unit = t->slice = NULL;
	t->why = "default";
	t->tail = NULL;
	return 0;
}

/* The group that a runtime made for this container and put init into, elsewhere than at the target:
 * below another base, or as the other manager names it. NULL: init's group is nobody's. */
static const char *group_elsewhere(const struct target_wishes *w, const struct facts *f,
				   struct arena *a)
{
	const char *tails[] = {NULL, NULL, NULL, NULL, NULL}; /* the first: named after the id */
	const char *group = NULL, *end;
	size_t n = 1;

	tails[n] = literal_tail(w, a);
	n += tails[n] != NULL;
	if (n > 1 && unitname_has_form(w->cgroups_path)) {
		const char *prefix = strchr(w->cgroups_path, ':') + 1;
		const char *name = strchr(prefix, ':') + 1;

		tails[n++] =
		    arena_printf(a, "%.*s-%s" SCOPE, (int)(name - 1 - prefix), prefix, name);
		tails[n++] = arena_printf(a, "-%s" SCOPE, name);
		tails[n++] = arena_printf(a, "%s" SCOPE, name);
	}
	for (size_t i = 0; !group && i < n; i++)
		group = runtimes_group(&end, w, f, tails[i], false, a);
	return group;
}

/* Own, and the VM is init itself, which its runtime expects where it is. */
static int check_init(const struct target *t, const struct target_wishes *w, const struct facts *f,
		      struct arena *a, struct error *e)
{
	const char *group = w->vm && w->vm == w->init ? group_elsewhere(w, f, a) : NULL;

	if (!group)
		return 0;
	return error_set(
	    e, ERROR_HOST,
	    "%s: to own %s would move the container's init (process %lld) out of this "
	    "group of its runtime, which breaks exec, pause and kill there; use --mode "
	    "adopt with the --cgroup-manager of the runtime, or name the VM process "
	    "with --vm-pid",
	    group, t->path, (long long)w->init);
}

/* What stands behind "holds": "2 processes and 0 child groups of others". */
static const char *population(const struct facts_cgroup *g, struct arena *a)
{
	return arena_printf(a, "%llu process%s and %llu child group%s of others",
			    (unsigned long long)g->procs, g->procs == 1 ? "" : "es",
			    (unsigned long long)g->children, g->children == 1 ? "" : "s");
}

static int refuse_populated(const struct target *t, const struct facts_cgroup *g, struct arena *a,
			    struct error *e)
{
	if (t->manager == MANAGER_SYSTEMD)
		return error_set(e, ERROR_HOST,
				 "%s: the unit %s exists and holds %s; choose another cgroupsPath, "
				 "or stop the unit if it is a leftover",
				 t->path, t->unit, population(g, a));
	return error_set(e, ERROR_HOST,
			 "%s: the cgroup exists and holds %s; choose another cgroupsPath, or allow "
			 "it with \"join\": true in the policy and --mode own",
			 t->path, population(g, a));
}

/* systemd starts no unit twice, so only a cgroup of ours can be joined. */
static bool may_join(const struct target *t, const struct target_wishes *w)
{
	return w->join && w->mode == MODE_OWN && t->manager == MANAGER_CGROUPFS;
}

int target_decide(struct target *t, const struct target_wishes *w, const struct facts *f,
		  struct arena *a, struct error *e)
{
	bool inside = init_is_inside(t, w, f);
	const struct facts_cgroup *g;

	t->mode = MODE_OWN;
	if (t->nothing)
		return 0;
	if (inside && w->mode != MODE_OWN) {
		t->mode = MODE_ADOPT;
		return 0;
	}
	if (w->mode == MODE_ADOPT)
		return error_set(
		    e, ERROR_HOST,
		    "%s: --mode adopt, but the container's init (process %lld) is not in "
		    "this cgroup; leave the mode to auto, or name the runtime's cgroup in "
		    "cgroupsPath",
		    t->path, (long long)w->init);
	if ((inside ? own_beside(t, w, a, e) : check_init(t, w, f, a, e)) < 0)
		return -1;
	g = facts_cgroup(f, t->path);
	t->fresh = g == NULL;
	if (g && (g->procs || g->children) && !may_join(t, w))
		return refuse_populated(t, g, a, e);
	return 0;
}
