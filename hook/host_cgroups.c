/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_cgroups - the cgroups that a plan asks about
 *
 * Each wished path is walked from the top, in every hierarchy at once; below a
 * group that a hierarchy does not have nothing more is looked for in it. No
 * directory is listed: the number of children is in the link count, so a host
 * with ten thousand other groups costs nothing.
 */
#include "hook/host_work.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "hook/cgpath.h"
#include "hook/sysfile.h"

/* A hierarchy while one path is walked. */
struct walker {
	const struct facts_mount *mount; /* the first of its names */
	bool v2;
	bool ended; /* nothing more of the path is in it */
};

/* Every hierarchy once: co-mounted controllers are one directory. */
static struct walker *list_walkers(const struct host_work *w, size_t *ret_n)
{
	const struct facts *f = w->facts;
	struct walker *list = NULL;
	size_t n = 0;

	for (size_t i = 0; i < f->n_mounts; i++) {
		bool known = false;

		for (size_t j = 0; j < n; j++)
			known = known || strcmp(list[j].mount->path, f->mounts[i].path) == 0;
		if (!known)
			*ARENA_APPEND(w->arena, list, n) =
			    (struct walker){.mount = &f->mounts[i],
					    .v2 = strcmp(f->mounts[i].name, "unified") == 0};
	}
	*ret_n = n;
	return list;
}

/* A threaded group does not tell its processes: then its threads are counted. */
static uint64_t count_procs(const struct host_work *w, const char *dir)
{
	size_t n = 0;
	int r;

	r = sysfile_count_lines(&n, arena_printf(w->arena, "%s/cgroup.procs", dir));
	if (r == EOPNOTSUPP)
		sysfile_count_lines(&n, arena_printf(w->arena, "%s/cgroup.threads", dir));
	return n;
}

static const char *read_v2_line(const struct host_work *w, const char *dir, const char *file)
{
	const char *line = NULL;

	return sysfile_read_line(&line, w->arena, arena_printf(w->arena, "%s/%s", dir, file)) == 0
		   ? line
		   : NULL;
}

/* Add what one hierarchy knows of the group c->path. False: it does not have it. */
static bool visit(const struct host_work *w, const struct walker *k, struct facts_cgroup *c)
{
	const char *dir = host_cgroup_dir(w, k->mount, c->path);
	struct host_look found;
	uint64_t procs = 0;

	if (!dir || w->look(dir, &found) != 0)
		return false;
	if (k->v2) {
		c->type = read_v2_line(w, dir, "cgroup.type");
		c->controllers = read_v2_line(w, dir, "cgroup.controllers");
		c->subtree_control = read_v2_line(w, dir, "cgroup.subtree_control");
	}
	/* The true root has no type; its processes are the whole host's, and no matter. */
	if (strcmp(c->path, "/") != 0 || c->type)
		procs = count_procs(w, dir);
	if (procs > c->procs)
		c->procs = procs;
	if (found.children > c->children)
		c->children = found.children;
	return true;
}

/* The group in all hierarchies that may have it. */
static void visit_all(struct host_work *w, struct walker *walkers, size_t n, const char *path)
{
	struct facts_cgroup c = {.path = path};
	struct facts *f = w->facts;

	for (size_t i = 0; i < n; i++) {
		/* Above the part that the mount shows there is nothing to see. */
		if (walkers[i].ended || cgpath_below(walkers[i].mount->root, path))
			continue;
		if (visit(w, &walkers[i], &c))
			*ARENA_APPEND(w->arena, c.in, c.n_in) = walkers[i].mount->name;
		else
			walkers[i].ended = true;
	}
	if (c.n_in == 0)
		return;
	if (c.n_in == n)
		c.n_in = 0;
	*ARENA_APPEND(w->arena, f->cgroups, f->n_cgroups) = c;
}

/* Continue only where an earlier walk found the group, or could not see it. */
static void follow_known(const struct facts_cgroup *c, struct walker *walkers, size_t n)
{
	for (size_t i = 0; i < n && c->n_in > 0; i++) {
		bool has = false;

		for (size_t j = 0; j < c->n_in; j++)
			has = has || strcmp(c->in[j], walkers[i].mount->name) == 0;
		if (!has && !cgpath_below(walkers[i].mount->root, c->path))
			walkers[i].ended = true;
	}
}

static void walk(struct host_work *w, const char *path)
{
	size_t n, depth = cgpath_depth(path);
	struct walker *walkers = list_walkers(w, &n);

	for (size_t i = 1; i <= depth; i++) {
		const char *head = cgpath_head(w->arena, path, i);
		const struct facts_cgroup *known = facts_cgroup(w->facts, head);

		if (known)
			follow_known(known, walkers, n);
		else
			visit_all(w, walkers, n, head);
	}
}

/* The root of the v2 tree: what it enables decides what can be enabled below. */
static void visit_v2_root(struct host_work *w)
{
	const struct facts_mount *m = facts_mount(w->facts, "unified");
	struct walker k = {.mount = m, .v2 = true};
	struct facts *f = w->facts;
	struct facts_cgroup c;

	if (!m)
		return;
	c = (struct facts_cgroup){.path = m->root};
	if (visit(w, &k, &c))
		*ARENA_APPEND(w->arena, f->cgroups, f->n_cgroups) = c;
}

void host_find_cgroups(struct host_work *w)
{
	const struct facts *f = w->facts;

	if (w->wishes->n_cgroups == 0 && !w->wishes->init_cgroups && !w->wishes->all_files)
		return;
	if (f->n_cgroups == 0)
		visit_v2_root(w);
	for (size_t i = 0; i < w->wishes->n_cgroups; i++) {
		walk(w, w->wishes->cgroups[i]);
		/* Without privilege everything goes below what was delegated. */
		if (f->delegated)
			walk(w, cgpath_join(w->arena, f->delegated, w->wishes->cgroups[i]));
	}
	for (size_t i = 0; w->wishes->init_cgroups && i < f->n_processes; i++) {
		const struct facts_process *p = &f->processes[i];

		for (size_t j = 0; p->init && j < p->n_cgroups; j++)
			walk(w, p->cgroups[j].path);
	}
}

/* Was the directory, and what moves processes and enables controllers, handed over? */
static bool is_delegated(const struct host_work *w, const char *dir)
{
	static const char *const handed[] = {"", "/cgroup.procs", "/cgroup.subtree_control"};
	struct stat st;

	for (size_t i = 0; i < sizeof(handed) / sizeof(handed[0]); i++)
		if (stat(arena_printf(w->arena, "%s%s", dir, handed[i]), &st) < 0 ||
		    st.st_uid != w->facts->euid)
			return false;
	return true;
}

/* The highest group on the way to path that was handed to the caller; NULL: none was. */
static const char *find_handed(const struct host_work *w, const struct facts_mount *m,
			       const char *path)
{
	size_t depth = path ? cgpath_depth(path) : 0;

	for (size_t i = 0; path && i <= depth; i++) {
		const char *head = cgpath_head(w->arena, path, i);
		const char *dir = host_cgroup_dir(w, m, head);

		if (dir && is_delegated(w, dir))
			return head;
	}
	return NULL;
}

/*
 * The kernel lets a user move a process within one delegated tree, wherever he himself is: so the
 * process decides, then the caller's own group. A login has its scope beside the user's systemd,
 * which is his all the same.
 */
void host_find_delegated(struct host_work *w)
{
	const struct facts_mount *m = facts_mount(w->facts, "unified");
	const struct procfs_cgroup *own = procfs_find_cgroup(w->own, w->n_own, "unified");
	struct facts *f = w->facts;

	if (!f->rootless || !m)
		return;
	/* The VM comes after init. */
	for (size_t i = f->n_processes; i > 0 && !f->delegated; i--)
		f->delegated =
		    find_handed(w, m, facts_process_path(&f->processes[i - 1], "unified"));
	if (!f->delegated && own && !host_is_outside(own->path))
		f->delegated = find_handed(w, m, own->path);
	if (!f->delegated && w->uid >= 0)
		f->delegated = find_handed(
		    w, m,
		    arena_printf(w->arena, "/user.slice/user-%lld.slice/user@%lld.service",
				 (long long)w->uid, (long long)w->uid));
}
