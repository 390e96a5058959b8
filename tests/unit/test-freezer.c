/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-freezer - which group of a container is frozen, and when none is
 *
 * A yard has a freezer hierarchy of plain files: what is written is what is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hook/freezer.h"
#include "hook/procs.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The groups "/vm" and "/other/vm" are there, and both have a state. */
static const struct {
	const char *what;
	const char *mounts, *path, *tail, *init; /* init NULL: a group of our own */
	const char *state;                       /* of both */
	int want;
	const char *frozen; /* which of them freezer_freeze freezes */
	uint64_t reused;    /* by so much the start of the process is not that on record */
} rows[] = {
    {"a group of our own", "freezer", "/vm", NULL, NULL, "THAWED", 0, "/vm", 0},
    {"frozen by somebody else", "freezer", "/vm", NULL, NULL, "FROZEN", FREEZER_FROZEN, NULL, 0},
    {"on its way to that", "freezer", "/vm", NULL, NULL, "FREEZING", FREEZER_FROZEN, NULL, 0},
    {"a group that is gone", "freezer", "/none", NULL, NULL, "THAWED", FREEZER_NONE, NULL, 0},
    {"no freezer on v1", "memory", "/vm", NULL, NULL, "THAWED", FREEZER_NONE, NULL, 0},
    {"v2 needs none", "unified", "/vm", NULL, NULL, "THAWED", FREEZER_NONE, NULL, 0},
    {"adopted, init below it", "freezer", "/vm", NULL, "/vm/container", "THAWED", 0, "/vm", 0},
    {"adopted, with another base here", "freezer", "/x/vm", "vm", "/other/vm/container", "THAWED",
     0, "/other/vm", 0},
    {"adopted, its runtime does not use it", "freezer", "/vm", NULL, "/", "THAWED", FREEZER_NONE,
     NULL, 0},
    {"adopted, another base, its runtime does not use it", "freezer", "/x/vm", "vm", "/vm1",
     "THAWED", FREEZER_NONE, NULL, 0},
    {"adopted, init has ended and its number is another process's", "freezer", "/vm", NULL, "/vm",
     "THAWED", FREEZER_NONE, NULL, 1},
};

static const char *const groups[] = {"/vm", "/other/vm"};

static char *file_of(char *buf, size_t size, const char *yard, const char *group)
{
	assert_true(snprintf(buf, size, "%s/m%s/freezer.state", yard, group) < (int)size);
	return buf;
}

static void put(const char *yard, const char *group, const char *state)
{
	char name[256];
	FILE *f = fopen(file_of(name, sizeof(name), yard, group), "w");

	assert_non_null(f);
	fputs(state, f);
	assert_int_equal(fclose(f), 0);
}

static bool holds(const char *yard, const char *group, const char *state)
{
	char name[256], live[64] = "";
	FILE *f = fopen(file_of(name, sizeof(name), yard, group), "r");

	assert_non_null(f);
	if (!fgets(live, sizeof(live), f))
		live[0] = '\0';
	fclose(f);
	live[strcspn(live, "\n")] = '\0';
	return strcmp(live, state) == 0;
}

/* Is just that group (NULL: neither) in a state that the other one is not in? */
static bool only(const char *yard, const char *group, const char *state, const char *others)
{
	for (size_t i = 0; i < COUNT(groups); i++)
		if (!holds(yard, groups[i],
			   group && strcmp(groups[i], group) == 0 ? state : others))
			return false;
	return true;
}

static bool run_row(size_t i, const char *yard, const struct held_process *self)
{
	struct arena a = {0};
	struct facts_mount mount = {.name = rows[i].mounts, .path = "/m", .root = "/"};
	struct facts_member in = {.hierarchy = "freezer", .path = rows[i].init};
	const struct record r = {.mode = rows[i].init ? MODE_ADOPT : MODE_OWN,
				 .path = rows[i].path,
				 .tail = rows[i].tail,
				 .mounts = &mount,
				 .n_mounts = 1,
				 .init = {.pid = self->pid,
					  .start = self->start + rows[i].reused,
					  .cgroups = &in,
					  .n_cgroups = 1}};
	struct error e = {0};
	struct cgroupfs fs;
	bool ok;
	int got;

	for (size_t k = 0; k < COUNT(groups); k++)
		put(yard, groups[k], rows[i].state);
	cgroupfs_open(&fs, &a, &mount, 1, yard);
	got = freezer_look(&fs, &r, &e);
	ok = got == rows[i].want;
	if (!ok)
		print_error("want %d, got %d %s\n", rows[i].want, got, e.text);
	/* Looking changes nothing. */
	ok &= only(yard, NULL, NULL, rows[i].state);
	if (got == 0) {
		ok &= freezer_freeze(&fs, &r, &e) == 0;
		ok &= only(yard, rows[i].frozen, "FROZEN", rows[i].state);
	}
	/* What is not there needs no thawing either. */
	ok &= freezer_thaw(&fs, &r, &e) == 0;
	if (got == 0)
		ok &= only(yard, NULL, NULL, "THAWED");
	if (got == FREEZER_NONE)
		ok &= only(yard, NULL, NULL, rows[i].state);
	cgroupfs_close(&fs);
	arena_free(&a);
	return ok;
}

static void make_directory(const char *yard, const char *name)
{
	char path[256];

	assert_true(snprintf(path, sizeof(path), "%s%s", yard, name) < (int)sizeof(path));
	assert_int_equal(mkdir(path, 0700), 0);
}

static void remove_all(const char *yard)
{
	static const char *const names[] = {"/m/other/vm/freezer.state", "/m/other/vm", "/m/other",
					    "/m/vm/freezer.state",       "/m/vm",       "/m"};
	char path[256];

	for (size_t i = 0; i < COUNT(names); i++) {
		assert_true(snprintf(path, sizeof(path), "%s%s", yard, names[i]) <
			    (int)sizeof(path));
		remove(path);
	}
	remove(yard);
}

static void test_rows(void **state)
{
	char yard[] = "/tmp/vmcg-test-freezer.XXXXXX";
	struct held_process self = PROCS_NONE;
	size_t wrong = 0;

	(void)state;
	assert_int_equal(procs_hold(&self, getpid(), NULL), 0);
	assert_non_null(mkdtemp(yard));
	make_directory(yard, "/m");
	make_directory(yard, "/m/vm");
	make_directory(yard, "/m/other");
	make_directory(yard, "/m/other/vm");
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!run_row(i, yard, &self)) {
			print_error("row %zu: %s\n", i, rows[i].what);
			wrong++;
		}
	}
	procs_release(&self);
	remove_all(yard);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
