/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_files - control files that exist only sometimes
 *
 * Whether a file exists depends on the kernel's version and options, on modules
 * and on boot parameters, so it is looked for, not derived from a version. On v1
 * nearly all show in the root of the hierarchy. On v2 none does, and in a child
 * only when its parent enables the controller. The first of these that has the
 * controller is looked into:
 *   1. the cgroups on the way to the target that exist
 *   2. our own cgroup and those above it
 *   3. any child of the root, when the root enables the controller
 * When there is none (nobody has enabled the controller yet), a sign must do:
 * another file that comes and goes with it, or the kernel release in which it
 * came. A wrong guess then shows when the step that relies on it is taken, and
 * everything is undone.
 */
#include "hook/host_work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hook/cgpath.h"
#include "hook/sysfile.h"

/* One file. Where no child can be looked into, it is taken to exist when the
 * kernel is at least this release and the sign is there. */
struct sometimes {
	const char *controller;
	int version;
	const char *file;
	bool in_root;     /* shows in the root of the hierarchy: no other place is needed */
	unsigned release; /* major * 1000 + minor */
	const char *sign; /* NULL: none; "/...": a path; else a file in the hierarchy's root */
};

static const struct sometimes files[] = {
    {"cpuset", 1, "cpus", true, 0, NULL}, /* mounted with noprefix */
    {"cpuset", 1, "mems", true, 0, NULL},
    {"cpu", 1, "cpu.cfs_burst_us", true, 0, NULL},
    {"cpu", 1, "cpu.idle", true, 0, NULL},
    {"cpu", 1, "cpu.rt_runtime_us", true, 0, NULL},
    {"memory", 1, "memory.memsw.limit_in_bytes", true, 0, NULL},
    {"memory", 1, "memory.kmem.limit_in_bytes", true, 0, NULL},
    {"memory", 1, "memory.kmem.tcp.limit_in_bytes", true, 0, NULL},
    {"memory", 1, "memory.use_hierarchy", true, 0, NULL},
    {"blkio", 1, "blkio.weight", true, 0, NULL},
    {"blkio", 1, "blkio.weight_device", true, 0, NULL},
    {"blkio", 1, "blkio.leaf_weight", true, 0, NULL},
    {"blkio", 1, "blkio.leaf_weight_device", true, 0, NULL},
    /* The root has BFQ's statistics, but no weight. */
    {"blkio", 1, "blkio.bfq.weight", false, 0, "blkio.bfq.io_service_bytes"},
    {"blkio", 1, "blkio.bfq.weight_device", false, 5004, "blkio.bfq.io_service_bytes"},
    {"cpu", 2, "cpu.idle", false, 5015, NULL},
    {"cpu", 2, "cpu.max.burst", false, 5014, NULL},
    {"memory", 2, "memory.swap.max", false, 4005, "/proc/swaps"},
    {"io", 2, "io.bfq.weight", false, 0, "/sys/module/bfq"},
    /* The cost model keeps its own files in the root. */
    {"io", 2, "io.weight", false, 0, "io.cost.qos"},
};

/* A cgroup to look into. */
struct place {
	const char *dir;
	const char *controllers; /* v2: cgroup.controllers */
};

/* A hierarchy whose files are looked for, with the places found so far. */
struct search {
	struct host_work *work;
	const struct facts_mount *mount;
	bool v2;
	struct place *places;
	size_t n_places;
	int stage; /* how much of the list above is in places */
};

static bool exists(const char *path)
{
	struct stat st;

	/* When it cannot be told, it is taken to be there: the step that relies on it says so. */
	return stat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* The release that this kernel is: major * 1000 + minor. */
static unsigned kernel_release(const struct facts *f)
{
	unsigned major, minor;

	if (sscanf(f->kernel, "%3u.%3u", &major, &minor) != 2)
		return 0;
	return major * 1000 + minor;
}

/* --- places --- */

/* list: its cgroup.controllers, or NULL when it has not been read yet. */
static void add_place(struct search *s, const char *path, const char *list)
{
	struct host_work *w = s->work;
	const char *dir = host_cgroup_dir(w, s->mount, path);

	if (!dir)
		return;
	/* The root of a cgroup namespace looks like a child: it has a type. */
	if (strcmp(path, "/") == 0 && !exists(arena_printf(w->arena, "%s/cgroup.type", dir)))
		return;
	if (s->v2 && !list &&
	    sysfile_read_line(&list, w->arena,
			      arena_printf(w->arena, "%s/cgroup.controllers", dir)) > 0)
		return;
	if (!s->v2 && !exists(dir))
		return;
	*ARENA_APPEND(w->arena, s->places, s->n_places) = (struct place){dir, list};
}

static void add_known(struct search *s)
{
	const struct facts *f = s->work->facts;

	for (size_t i = f->n_cgroups; i > 0; i--)
		add_place(s, f->cgroups[i - 1].path, f->cgroups[i - 1].controllers);
}

static void add_own(struct search *s)
{
	struct host_work *w = s->work;
	const struct procfs_cgroup *own = procfs_find_cgroup(w->own, w->n_own, s->mount->name);

	if (!own || host_is_outside(own->path))
		return;
	for (size_t i = cgpath_depth(own->path) + 1; i > 0; i--)
		add_place(s, cgpath_head(w->arena, own->path, i - 1), NULL);
}

/* The first directory in a piece of a listing; NULL when it holds none. */
static const char *first_directory(const char *piece, const char *end)
{
	while (piece < end) {
		const struct dirent64 *entry = (const void *)piece;

		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			return entry->d_name;
		piece += entry->d_reclen;
	}
	return NULL;
}

/*
 * Any child of the root will do: what the root enables shows in all of them. The
 * kernel lists files and directories mixed, so one comes soon, and small pieces
 * (readdir() asks for 32 KiB) keep ten thousand children from being listed for it.
 */
static void add_some_child(struct search *s)
{
	_Alignas(struct dirent64) char piece[2048];
	struct host_work *w = s->work;
	const char *root = host_cgroup_dir(w, s->mount, s->mount->root), *name = NULL;
	struct host_look found;
	ssize_t n;
	int fd;

	if (!root || w->look(root, &found) != 0 || found.children == 0)
		return;
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	while (!name && (n = getdents64(fd, piece, sizeof(piece))) > 0)
		name = first_directory(piece, piece + n);
	if (name)
		add_place(s, cgpath_join(w->arena, s->mount->root, name), NULL);
	close(fd);
}

/* A place where the controller's files show; NULL when there is none. */
static const char *find_place(struct search *s, const char *controller)
{
	static void (*const stages[])(struct search *) = {add_known, add_own, add_some_child};
	size_t i = 0;

	for (;;) {
		for (; i < s->n_places; i++)
			if (!s->v2 ||
			    facts_lists(s->places[i].controllers, controller, strlen(controller)))
				return s->places[i].dir;
		if (s->stage == (int)(sizeof(stages) / sizeof(stages[0])))
			return NULL;
		stages[s->stage++](s);
	}
}

/* --- files --- */

static bool sign_is_there(const struct search *s, const struct sometimes *t)
{
	const struct host_work *w = s->work;

	if (kernel_release(w->facts) < t->release)
		return false;
	if (!t->sign)
		return true;
	if (t->sign[0] == '/')
		return exists(host_path(w, "%s", t->sign));
	return exists(host_path(w, "%s/%s", s->mount->path, t->sign));
}

static void look_for(struct search *s, const struct sometimes *t)
{
	struct host_work *w = s->work;
	struct facts *f = w->facts;
	const char *dir;
	bool here;

	if (facts_has_file(f, t->file))
		return;
	if (t->in_root)
		dir = host_path(w, "%s", s->mount->path);
	else
		dir = find_place(s, t->controller);
	here = dir ? exists(arena_printf(w->arena, "%s/%s", dir, t->file)) : sign_is_there(s, t);
	if (here)
		*ARENA_APPEND(w->arena, f->files, f->n_files) = t->file;
}

/* The huge page sizes of the kernel, spelled as the control files spell them. */
static void look_for_hugetlb(struct search *s)
{
	static const char sizes[] = "/sys/kernel/mm/hugepages";
	struct host_work *w = s->work;
	const struct dirent *entry;
	DIR *dir;

	dir = opendir(host_path(w, "%s", sizes));
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		const char *unit = "KB", *last = s->v2 ? "max" : "limit_in_bytes";
		struct sometimes t = {"hugetlb", s->v2 ? 2 : 1, NULL, !s->v2, 0, NULL};
		unsigned long kib;

		if (sscanf(entry->d_name, "hugepages-%lukB", &kib) != 1)
			continue;
		if (kib >= 1024UL * 1024) {
			unit = "GB";
			kib /= 1024UL * 1024;
		} else if (kib >= 1024) {
			unit = "MB";
			kib /= 1024;
		}
		t.file = arena_printf(w->arena, "hugetlb.%lu%s.%s", kib, unit, last);
		t.release = 5006;
		look_for(s, &t);
		t.file = arena_printf(w->arena, "hugetlb.%lu%s.rsvd.%s", kib, unit, last);
		t.release = 5007;
		look_for(s, &t);
	}
	closedir(dir);
}

/* Did the caller ask about the controller? blkio and io are one controller with
 * two names. */
static bool is_wished(const struct host_wishes *w, const char *controller)
{
	const char *other = controller;

	if (strcmp(controller, "blkio") == 0)
		other = "io";
	else if (strcmp(controller, "io") == 0)
		other = "blkio";
	if (w->all_files)
		return true;
	for (size_t i = 0; i < w->n_controllers; i++)
		if (strcmp(w->controllers[i], controller) == 0 ||
		    strcmp(w->controllers[i], other) == 0)
			return true;
	return false;
}

void host_find_files(struct host_work *w)
{
	const struct facts *f = w->facts;
	struct search v2 = {.work = w, .mount = facts_mount(f, "unified"), .v2 = true};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const char *controller = files[i].controller;
		struct search v1 = {.work = w, .mount = facts_mount(f, controller)};

		if (is_wished(w->wishes, controller) &&
		    facts_version(f, controller) == files[i].version)
			look_for(files[i].version == 2 ? &v2 : &v1, &files[i]);
	}
	if (is_wished(w->wishes, "hugetlb") && facts_version(f, "hugetlb") > 0) {
		struct search v1 = {.work = w, .mount = facts_mount(f, "hugetlb")};

		look_for_hugetlb(facts_version(f, "hugetlb") == 2 ? &v2 : &v1);
	}
}
