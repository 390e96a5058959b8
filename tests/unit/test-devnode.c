/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-devnode - what paths say about devices, on nodes that every host has
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "hook/devnode.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* A directory with one thing of each kind. */
struct place {
	char dir[64];
	bool block; /* whether a block device could be made: only root can */
};

static const char *const names[] = {"file",       "directory", "fifo", "to-null", "to-file",
				    "to-nothing", "to-itself", "disk", "to-disk"};

static const char *path_in(const struct place *p, const char *name, struct arena *a)
{
	return *name == '/' ? name : arena_printf(a, "%s/%s", p->dir, name);
}

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	struct arena a = {0};
	FILE *f;

	assert_non_null(p);
	strcpy(p->dir, "/tmp/vmcg-devnode-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	f = fopen(path_in(p, "file", &a), "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(mkdir(path_in(p, "directory", &a), 0700), 0);
	assert_int_equal(mkfifo(path_in(p, "fifo", &a), 0600), 0);
	assert_int_equal(symlink("/dev/null", path_in(p, "to-null", &a)), 0);
	assert_int_equal(symlink("file", path_in(p, "to-file", &a)), 0);
	assert_int_equal(symlink("nothing", path_in(p, "to-nothing", &a)), 0);
	assert_int_equal(symlink("to-itself", path_in(p, "to-itself", &a)), 0);
	p->block = mknod(path_in(p, "disk", &a), S_IFBLK | 0600, makedev(4095, 1048575)) == 0;
	assert_true(p->block || errno == EPERM);
	assert_int_equal(symlink("disk", path_in(p, "to-disk", &a)), 0);
	arena_free(&a);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	struct arena a = {0};

	for (size_t i = 0; i < COUNT(names); i++)
		remove(path_in(p, names[i], &a));
	assert_int_equal(rmdir(p->dir), 0);
	arena_free(&a);
	free(p);
	return 0;
}

static const struct {
	const char *path; /* within the place, unless it begins with "/" */
	int code;
	struct devnode want; /* code 0 */
	const char *unit;    /* NULL: none */
	bool block;          /* only where a block device could be made */
} rows[] = {
    {.path = "/dev/null", .want = {'c', 1, 3}, .unit = "/dev/char/1:3"},
    {.path = "/dev/../dev/full", .want = {'c', 1, 7}, .unit = "/dev/char/1:7"},
    {.path = "/dev/nothing-of-this-name", .code = DEVNODE_ABSENT},
    {.path = "/dev/null/below", .code = DEVNODE_ABSENT},
    {.path = "/", .code = DEVNODE_OTHER},
    {.path = "/dev", .code = DEVNODE_OTHER},
    {.path = "nothing", .code = DEVNODE_ABSENT},
    {.path = "file", .code = DEVNODE_OTHER},
    {.path = "directory", .code = DEVNODE_OTHER},
    {.path = "fifo", .code = DEVNODE_OTHER},
    /* the unit's own name of a device may be a link, and systemd follows it */
    {.path = "to-null", .code = DEVNODE_LINK, .unit = "/dev/char/1:3"},
    {.path = "to-file", .code = DEVNODE_LINK},
    {.path = "to-nothing", .code = DEVNODE_LINK},
    {.path = "to-itself", .code = DEVNODE_LINK},
    {.path = "disk",
     .want = {'b', 4095, 1048575},
     .unit = "/dev/block/4095:1048575",
     .block = true},
    {.path = "to-disk", .code = DEVNODE_LINK, .unit = "/dev/block/4095:1048575", .block = true},
};

static void test_look(void **state)
{
	static const struct devnode untouched = {'?', -5, -6};
	const struct place *p = *state;
	struct arena a = {0};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *path = path_in(p, rows[i].path, &a);
		const struct devnode *want = rows[i].code ? &untouched : &rows[i].want;
		struct devnode d = untouched;
		int code;

		if (rows[i].block && !p->block)
			continue;
		code = devnode_look(&d, path);
		if (code != rows[i].code || d.type != want->type || d.major != want->major ||
		    d.minor != want->minor)
			fail_msg("%s: %d, %c %lld:%lld", path, code, d.type, (long long)d.major,
				 (long long)d.minor);
	}
	arena_free(&a);
}

static void test_unit_name(void **state)
{
	const struct place *p = *state;
	struct arena a = {0};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *path = path_in(p, rows[i].path, &a), *want = rows[i].unit, *name;

		if (rows[i].block && !p->block)
			continue;
		name = devnode_unit_name(path, &a);
		if (!name != !want || (name && strcmp(name, want) != 0))
			fail_msg("%s: %s", path, name ? name : "none");
	}
	arena_free(&a);
}

/* What systemd calls devices otherwise names no path, wherever vmcg was started. */
static void test_other_names(void **state)
{
	static const char *const others[] = {"char-*", "block-8", "char-pts", "", "null", "."};
	struct arena a = {0};

	(void)state;
	assert_int_equal(chdir("/dev"), 0);
	for (size_t i = 0; i < COUNT(others); i++)
		if (devnode_unit_name(others[i], &a))
			fail_msg("%s", others[i]);
	assert_int_equal(chdir("/"), 0);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_look),
	    cmocka_unit_test(test_unit_name),
	    cmocka_unit_test(test_other_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
