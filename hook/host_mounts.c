/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_mounts - where the hierarchies are mounted
 *
 * /proc/self/cgroup names every hierarchy there is; each must be accounted for.
 * First the usual places are looked at, /sys/fs/cgroup and what lies directly in
 * it, since mountinfo of a host with ten thousand mounts costs more than all the
 * rest of the hook. Only when a hierarchy is not at its usual place, or the place
 * is not what it should be, is mountinfo read.
 *
 * What a mount shows is known without mountinfo: the root of every hierarchy has
 * inode 1, so a mount point with inode 1 shows the whole hierarchy. That its paths
 * are the ones /proc speaks of holds in the initial cgroup namespace, whose inode
 * is a constant of the kernel's ABI; in any other namespace mountinfo decides.
 * Two hierarchies never share a device number: a mount of one controller under the
 * name of another shows as a number seen twice.
 */
#include "hook/host_work.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hook/cgpath.h"
#include "hook/sysfile.h"

static const char usual_top[] = "/sys/fs/cgroup";
static const char own_file[] = "/proc/self/cgroup", mountinfo[] = "/proc/self/mountinfo";

enum { NOT_USUAL = 1 }; /* condition: ask mountinfo */

static bool is_v2(const struct procfs_cgroup *line)
{
	return strcmp(line->names[0], "unified") == 0;
}

static void add_mount(struct host_work *w, const char *name, const char *path, const char *root)
{
	struct facts *f = w->facts;

	*ARENA_APPEND(w->arena, f->mounts, f->n_mounts) = (struct facts_mount){name, path, root};
}

/* --- the usual places --- */

static bool in_initial_namespace(const struct host_work *w)
{
	static const char initial[] = "cgroup:[4026531835]";
	char link[sizeof(initial)];
	ssize_t n;

	n = readlink(host_path(w, "/proc/self/ns/cgroup"), link, sizeof(link));
	/* No such link: the kernel has no cgroup namespaces. */
	return n < 0 || (n == (ssize_t)strlen(initial) && memcmp(link, initial, (size_t)n) == 0);
}

/* Is path the root of a whole hierarchy of the type? Its device number, else 0. */
static uint64_t look_for_root(const struct host_work *w, const char *path, uint64_t magic)
{
	struct host_look found;

	if (w->look(host_path(w, "%s", path), &found) != 0)
		return 0;
	return found.magic == magic && found.ino == 1 ? found.dev : 0;
}

/*
 * /sys/fs/cgroup/NAME, or where its symbolic link (cpu -> cpu,cpuacct) points
 * beside it; NULL when it is not there or points elsewhere.
 */
static const char *usual_point(const struct host_work *w, const char *name)
{
	const char *link;
	char target[256];
	struct stat st;
	ssize_t n;

	if (strncmp(name, "name=", 5) == 0)
		name += 5;
	link = host_path(w, "%s/%s", usual_top, name);
	if (lstat(link, &st) < 0)
		return NULL;
	if (!S_ISLNK(st.st_mode))
		return arena_printf(w->arena, "%s/%s", usual_top, name);
	n = readlink(link, target, sizeof(target));
	if (n <= 0 || n == (ssize_t)sizeof(target) || memchr(target, '/', (size_t)n))
		return NULL;
	return arena_printf(w->arena, "%s/%.*s", usual_top, (int)n, target);
}

/* All names of a v1 hierarchy at their usual places: its device number, else 0. */
static uint64_t find_usual_v1(struct host_work *w, const struct procfs_cgroup *line)
{
	uint64_t dev = 0;

	for (size_t i = 0; i < line->n_names; i++) {
		const char *point = usual_point(w, line->names[i]);
		uint64_t found;

		found = point ? look_for_root(w, point, HOST_MAGIC_CGROUP) : 0;
		if (found == 0 || (dev != 0 && found != dev))
			return 0;
		dev = found;
		add_mount(w, line->names[i], point, "/");
	}
	return dev;
}

/* The v2 tree at one of its two usual places: its device number, else 0. */
static uint64_t find_usual_v2(struct host_work *w)
{
	static const char *const points[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		uint64_t dev;

		dev = look_for_root(w, points[i], HOST_MAGIC_CGROUP2);
		if (dev != 0) {
			add_mount(w, "unified", points[i], "/");
			return dev;
		}
	}
	return 0;
}

static int find_usual(struct host_work *w)
{
	uint64_t *seen = NULL;
	size_t n_seen = 0;

	if (!in_initial_namespace(w) || w->n_own == 0)
		return NOT_USUAL;
	for (size_t i = 0; i < w->n_own; i++) {
		uint64_t dev;

		dev = is_v2(&w->own[i]) ? find_usual_v2(w) : find_usual_v1(w, &w->own[i]);
		if (dev == 0)
			return NOT_USUAL;
		for (size_t j = 0; j < n_seen; j++)
			if (seen[j] == dev)
				return NOT_USUAL;
		*ARENA_APPEND(w->arena, seen, n_seen) = dev;
	}
	return 0;
}

/* --- mountinfo --- */

/* Among several mounts of a hierarchy: the whole before a part, the usual place
 * before others. 0: of no use, since it lies outside our namespace or is covered. */
static int rank_mount(const struct host_work *w, const struct procfs_mount *m)
{
	uint64_t magic = m->v2 ? HOST_MAGIC_CGROUP2 : HOST_MAGIC_CGROUP;
	struct host_look found;

	if (host_is_outside(m->root))
		return 0;
	if (w->look(host_path(w, "%s", m->point), &found) != 0 || found.magic != magic)
		return 0;
	return 1 + 2 * (strcmp(m->root, "/") == 0) + cgpath_within(m->point, usual_top);
}

static const struct procfs_mount *best_mount(const struct host_work *w,
					     const struct procfs_mount *mounts, size_t n,
					     const char *name)
{
	const struct procfs_mount *best = NULL;
	int best_rank = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < mounts[i].n_names; j++) {
			int rank;

			if (strcmp(mounts[i].names[j], name) != 0)
				continue;
			rank = rank_mount(w, &mounts[i]);
			if (rank > best_rank) {
				best_rank = rank;
				best = &mounts[i];
			}
		}
	}
	return best;
}

static int find_by_mountinfo(struct host_work *w, struct error *e)
{
	const char *path = host_path(w, "%s", mountinfo), *text;
	struct procfs_mount *mounts;
	size_t len, n;
	int r;

	r = sysfile_read(&text, &len, w->arena, path);
	if (r > 0)
		return error_set_os(e, ERROR_HOST, r, "cannot read %s to find the cgroup mounts",
				    path);
	if (procfs_parse_mountinfo(&mounts, &n, w->arena, text, len, path, e) < 0)
		return -1;
	w->facts->mounts = NULL;
	w->facts->n_mounts = 0;
	for (size_t i = 0; i < w->n_own; i++) {
		for (size_t j = 0; j < w->own[i].n_names; j++) {
			const char *name = w->own[i].names[j];
			const struct procfs_mount *m = best_mount(w, mounts, n, name);

			if (m)
				add_mount(w, name, m->point, m->root);
		}
	}
	return 0;
}

/* --- both --- */

/* Where a name stands in the list of mounts, so that it does not depend on the
 * order in which the hierarchies were made. */
static size_t name_rank(const char *name)
{
	static const char *const order[] = {
	    "cpuset",  "cpu",        "cpuacct",  "blkio",   "memory", "devices", "freezer",
	    "net_cls", "perf_event", "net_prio", "hugetlb", "pids",   "rdma",    "misc",
	};
	size_t n = sizeof(order) / sizeof(order[0]);

	for (size_t i = 0; i < n; i++)
		if (strcmp(name, order[i]) == 0)
			return i;
	if (strcmp(name, "unified") == 0)
		return n + 2;
	return strncmp(name, "name=", 5) == 0 ? n + 1 : n;
}

/* Stable insertion sort: there are about a dozen. */
static void sort_mounts(struct facts *f)
{
	for (size_t i = 1; i < f->n_mounts; i++) {
		struct facts_mount m = f->mounts[i];
		size_t j = i;

		for (; j > 0 && name_rank(f->mounts[j - 1].name) > name_rank(m.name); j--)
			f->mounts[j] = f->mounts[j - 1];
		f->mounts[j] = m;
	}
}

static void set_layout(struct facts *f)
{
	const struct facts_mount *v2 = facts_mount(f, "unified");

	if (!v2)
		f->layout = LAYOUT_LEGACY;
	else if (f->n_mounts == 1 || strcmp(v2->path, usual_top) == 0)
		f->layout = LAYOUT_UNIFIED;
	else
		f->layout = LAYOUT_HYBRID;
}

/* Of the v1 mounts, then of the root of the v2 tree. */
static void find_controllers(struct host_work *w)
{
	const struct facts_mount *v2 = facts_mount(w->facts, "unified");
	struct facts *f = w->facts;
	const char *list;

	for (size_t i = 0; i < f->n_mounts; i++)
		if (strncmp(f->mounts[i].name, "name=", 5) != 0 && &f->mounts[i] != v2)
			*ARENA_APPEND(w->arena, f->controllers, f->n_controllers) =
			    f->mounts[i].name;
	if (!v2 ||
	    sysfile_read_line(&list, w->arena, host_path(w, "%s/cgroup.controllers", v2->path)) > 0)
		return;
	while (*list) {
		size_t n = strcspn(list, " ");

		*ARENA_APPEND(w->arena, f->controllers, f->n_controllers) =
		    arena_copy(w->arena, list, n);
		list += n + strspn(list + n, " ");
	}
}

int host_read_own(struct host_work *w, struct error *e)
{
	const char *path = host_path(w, "%s", own_file), *text;
	size_t len;
	int r;

	r = sysfile_read(&text, &len, w->arena, path);
	if (r > 0)
		return error_set_os(e, ERROR_HOST, r, "cannot read %s to find the cgroup layout",
				    path);
	return procfs_parse_cgroup(&w->own, &w->n_own, w->arena, text, len, path, e);
}

int host_find_mounts(struct host_work *w, struct error *e)
{
	int r;

	r = find_usual(w);
	if (r == NOT_USUAL && find_by_mountinfo(w, e) < 0)
		return -1;
	if (w->facts->n_mounts == 0)
		return error_set(e, ERROR_HOST,
				 "no cgroup hierarchy is mounted where vmcg can see it, neither "
				 "below %s nor elsewhere in %s: mount one (mount -t cgroup2 none "
				 "%s)",
				 usual_top, mountinfo, usual_top);
	sort_mounts(w->facts);
	set_layout(w->facts);
	find_controllers(w);
	return 0;
}
