/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-gc_verdict - who is dead, who lives, and what a person is told about it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hook/gc_verdict.h"

#define WAY_OUT "vmcg destroy c1 takes it down all the same"

enum { NOBODY, VM = 1, INIT = 2, BOTH = 3 };

static const struct {
	enum mode mode;
	enum record_status status;
	int known, live; /* processes that the record names, and those that run */
	bool other_boot;
	uint64_t inside;
	bool group;
	bool dead;
	const char *why; /* the whole, or with a star at the end its beginning */
	bool way_out;
} rows[] = {
    /* own, finished */
    {MODE_OWN, RECORD_APPLIED, BOTH, VM, false, 1, true, false, "VM process 42 runs", false},
    {MODE_OWN, RECORD_APPLIED, VM, VM, false, 1, true, false, "VM process 42 runs", false},
    {MODE_OWN, RECORD_APPLIED, BOTH, INIT, false, 0, true, false,
     "the container's init, process 41, runs", false},
    {MODE_OWN, RECORD_APPLIED, BOTH, NOBODY, false, 0, true, true,
     "the VM is gone, and its cgroup is empty", false},
    {MODE_OWN, RECORD_APPLIED, BOTH, NOBODY, false, 0, false, true,
     "the VM and its cgroup are gone", false},
    /* the VM runs, and was moved elsewhere by somebody: alive all the same */
    {MODE_OWN, RECORD_APPLIED, BOTH, VM, false, 0, false, false, "VM process 42 runs", false},
    /* children of the VM, or strangers */
    {MODE_OWN, RECORD_APPLIED, BOTH, NOBODY, false, 1, true, false,
     "no VM of the record runs, but 1 process is in /sys/x/c1; *", true},
    {MODE_OWN, RECORD_APPLIED, BOTH, NOBODY, false, 7, true, false,
     "no VM of the record runs, but 7 processes are in /sys/x/c1; *", true},
    {MODE_OWN, RECORD_APPLIED, NOBODY, NOBODY, false, 2, true, false,
     "no VM of the record runs, but 2 processes are in /sys/x/c1; *", true},
    /* set up for a VM that is still to come */
    {MODE_OWN, RECORD_APPLIED, NOBODY, NOBODY, false, 0, true, false,
     "no process of it is known yet; *", true},
    {MODE_ADOPT, RECORD_APPLIED, NOBODY, NOBODY, false, 0, true, false,
     "no process of it is known yet; *", true},
    {MODE_OWN, RECORD_APPLIED, INIT, NOBODY, false, 0, true, true,
     "the VM is gone, and its cgroup is empty", false},
    /* own, cut short */
    {MODE_OWN, RECORD_INTENT, BOTH, NOBODY, false, 0, true, true,
     "its setup is half-done, and no process of it runs", false},
    {MODE_OWN, RECORD_INTENT, NOBODY, NOBODY, false, 0, false, true,
     "its setup is half-done, and no process of it runs", false},
    {MODE_OWN, RECORD_LEAVING, BOTH, NOBODY, false, 0, true, true,
     "its teardown is half-done, and no process of it runs", false},
    {MODE_OWN, RECORD_INTENT, BOTH, VM, false, 0, true, false,
     "VM process 42 runs, and its setup is half-done; *", true},
    {MODE_OWN, RECORD_LEAVING, BOTH, INIT, false, 0, true, false,
     "the container's init, process 41, runs, and its teardown is half-done; *", true},
    {MODE_OWN, RECORD_INTENT, BOTH, NOBODY, false, 3, true, false,
     "no VM of the record runs, but 3 processes are in /sys/x/c1, and its setup is half-done; *",
     true},
    /* adopt: who is in the group may be another container's */
    {MODE_ADOPT, RECORD_APPLIED, BOTH, VM, false, 0, false, false, "VM process 42 runs", false},
    {MODE_ADOPT, RECORD_APPLIED, BOTH, INIT, false, 0, false, false,
     "the container's init, process 41, runs", false},
    {MODE_ADOPT, RECORD_APPLIED, BOTH, NOBODY, false, 5, true, true, "the container is gone",
     false},
    {MODE_ADOPT, RECORD_INTENT, BOTH, INIT, false, 0, false, false,
     "the container's init, process 41, runs, and its setup is half-done; *", true},
    {MODE_ADOPT, RECORD_LEAVING, BOTH, NOBODY, false, 5, true, true,
     "its teardown is half-done, and no process of it runs", false},
    /* another boot: the numbers are others' by now */
    {MODE_OWN, RECORD_APPLIED, BOTH, BOTH, true, 9, true, true, "the host was rebooted", false},
    {MODE_OWN, RECORD_INTENT, BOTH, BOTH, true, 9, true, true, "the host was rebooted", false},
    {MODE_ADOPT, RECORD_LEAVING, BOTH, BOTH, true, 9, true, true, "the host was rebooted", false},
    {MODE_OWN, RECORD_APPLIED, NOBODY, NOBODY, true, 0, false, true, "the host was rebooted",
     false},
};

static bool reads(const char *got, const char *want)
{
	size_t n = strlen(want);

	if (want[n - 1] == '*')
		return strncmp(got, want, n - 1) == 0;
	return strcmp(got, want) == 0;
}

static void test_rows(void **state)
{
	struct arena a = {0};
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct record r = {.id = "c1",
					 .mode = rows[i].mode,
					 .status = rows[i].status,
					 .init = {.pid = rows[i].known & INIT ? 41 : 0},
					 .vm = {.pid = rows[i].known & VM ? 42 : 0}};
		const struct gc_sight s = {.this_boot = !rows[i].other_boot,
					   .vm_lives = rows[i].live & VM,
					   .init_lives = rows[i].live & INIT,
					   .group = rows[i].group,
					   .inside = rows[i].inside,
					   .where = "/sys/x/c1"};
		struct gc_verdict got;

		gc_verdict(&got, &r, &s, &a);
		if (got.dead != rows[i].dead || !reads(got.why, rows[i].why) ||
		    (strstr(got.why, WAY_OUT) != NULL) != rows[i].way_out)
			fail_msg("row %zu: %s, \"%s\"; want %s, \"%s\"%s", i,
				 got.dead ? "dead" : "lives", got.why,
				 rows[i].dead ? "dead" : "lives", rows[i].why,
				 rows[i].way_out ? " with the way out" : "");
	}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
