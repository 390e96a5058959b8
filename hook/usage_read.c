/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage_read - the control files behind usage.h, read
 *
 * A file that is not there, or that the kernel does not want to tell (pressure
 * that was switched off), says nothing: there is no error here.
 */
#include "hook/usage_read.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* One look at one record. */
struct look {
	struct usage *usage;
	struct cgroupfs *fs;
	const struct record *record;
};

/* The text of a file of the target; NULL: it is not there. */
static const char *read_file(const struct look *l, const char *controller, const char *file)
{
	const char *text;

	return cgroupfs_read(&text, l->fs, controller, usage_path(l->record, controller), file,
			     NULL)
		   ? NULL
		   : text;
}

/* Is it the version of this file's hierarchy here? 0 asks for the v2 tree itself. */
static bool is_version(const struct look *l, int version, const char *controller)
{
	return !version || record_version(l->record, controller) == version;
}

/* Is it the file that was just read? Rows of one file stand together. */
static bool is_same_file(const struct usage_source *a, const struct usage_source *b)
{
	return a && a->version == b->version && strcmp(a->controller, b->controller) == 0 &&
	       strcmp(a->file, b->file) == 0;
}

static void read_sources(const struct look *l, bool brief)
{
	const struct usage_source *last = NULL;
	const char *text = NULL;

	for (size_t i = 0; i < usage_n_sources; i++) {
		const struct usage_source *s = &usage_sources[i];

		if ((brief && !s->brief) || l->usage->v[s->item].set ||
		    !is_version(l, s->version, s->controller))
			continue;
		if (!is_same_file(last, s))
			text = read_file(l, s->controller, s->file);
		last = s;
		if (text)
			usage_take(l->usage, s, text);
	}
}

static void read_frozen(const struct look *l)
{
	const int version = record_version(l->record, "freezer");
	const char *text = version == 1 ? read_file(l, "freezer", "freezer.state")
					: read_file(l, "", "cgroup.events");

	if (text)
		usage_take_frozen(l->usage, version, text);
}

static void read_cpuset(const struct look *l)
{
	const int version = record_version(l->record, "cpuset");

	l->usage->cpus = read_file(
	    l, "cpuset", version == 1 ? "cpuset.effective_cpus" : "cpuset.cpus.effective");
	l->usage->mems = read_file(
	    l, "cpuset", version == 1 ? "cpuset.effective_mems" : "cpuset.mems.effective");
}

/* The name behind a device's number: where sysfs's link leads to. */
static const char *name_device(struct arena *a, const char *number)
{
	char target[512];
	const char *slash;
	ssize_t n;

	n = readlink(arena_printf(a, "/sys/dev/block/%s", number), target, sizeof(target));
	if (n <= 0 || (size_t)n >= sizeof(target))
		return NULL;
	slash = memrchr(target, '/', (size_t)n);
	return slash ? arena_copy(a, slash + 1, (size_t)(target + n - slash - 1)) : NULL;
}

static void read_io(const struct look *l)
{
	struct usage *u = l->usage;

	for (size_t i = 0; i < usage_n_io_sources; i++) {
		const struct usage_io_source *s = &usage_io_sources[i];
		const char *controller = s->version == 1 ? "blkio" : "io";
		const char *text = NULL;

		if (is_version(l, s->version, controller))
			text = read_file(l, controller, s->file);
		if (text)
			usage_take_io(u, l->fs->arena, s->file, text);
	}
	for (size_t i = 0; i < u->n_devices; i++)
		u->devices[i].name = name_device(l->fs->arena, u->devices[i].number);
}

static void read_huge_size(const struct look *l, const char *size)
{
	struct usage_huge h = {.size = size};
	struct arena *a = l->fs->arena;

	for (size_t i = 0; i < usage_n_huge_sources; i++) {
		const struct usage_huge_source *s = &usage_huge_sources[i];
		const char *text = NULL;

		if (is_version(l, s->version, "hugetlb"))
			text = read_file(l, "hugetlb",
					 arena_printf(a, "hugetlb.%s.%s", size, s->tail));
		if (text)
			usage_take_huge(&h, s, text);
	}
	if (usage_huge_matters(&h))
		*ARENA_APPEND(a, l->usage->huge, l->usage->n_huge) = h;
}

static void read_huge(const struct look *l)
{
	const struct dirent *entry;
	DIR *dir;

	dir = opendir("/sys/kernel/mm/hugepages");
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		const char *size = usage_huge_size(l->fs->arena, entry->d_name);

		if (size)
			read_huge_size(l, size);
	}
	closedir(dir);
}

/* These files belong to the v2 tree, whichever version has the controllers. */
static void read_pressure(const struct look *l)
{
	static const char *const files[] = {"cpu.pressure", "memory.pressure", "io.pressure"};

	_Static_assert(COUNT(files) == USAGE_RESOURCES, "a file for every resource");
	for (size_t i = 0; i < COUNT(files); i++) {
		const char *text = read_file(l, "", files[i]);

		if (text)
			usage_take_pressure(l->usage, (enum usage_resource)i, text);
	}
}

void usage_read(struct usage *ret, struct cgroupfs *fs, const struct record *r)
{
	const struct look l = {ret, fs, r};

	*ret = (struct usage){0};
	read_sources(&l, false);
	read_frozen(&l);
	read_cpuset(&l);
	read_io(&l);
	read_huge(&l);
	read_pressure(&l);
}

void usage_read_brief(struct usage *ret, struct cgroupfs *fs, const struct record *r)
{
	const struct look l = {ret, fs, r};

	*ret = (struct usage){0};
	read_sources(&l, true);
	read_frozen(&l);
}
