/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-moves - the steps that bring one more process to a container's group
 *
 * Where a process is in each hierarchy is said by "memory=/a pids=/b"; which
 * hierarchies there are by "memory pids@1 cpu@1", names with one number being
 * mounted together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hook/moves.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* of: the controllers that the record has a step for; a file behind "/" is the file written there.
 * want: hierarchy=group for each move, "affinity" where the mask is reset. */
static const struct {
	const char *what;
	enum mode mode;
	enum manager manager;
	enum layout layout;
	const char *mounts, *path, *tail, *init, *of, *is, *want;
} rows[] = {
    {"nobody of it is there", MODE_OWN, MANAGER_CGROUPFS, LAYOUT_LEGACY, "memory pids", "/vm", NULL,
     "memory=/r pids=/r", "", "memory=/ pids=/s", "memory=/vm pids=/vm"},
    {"all of it is", MODE_OWN, MANAGER_CGROUPFS, LAYOUT_LEGACY, "memory pids", "/vm", NULL,
     "memory=/r", "", "memory=/vm pids=/vm", ""},
    {"in a group below the target", MODE_OWN, MANAGER_CGROUPFS, LAYOUT_LEGACY, "memory pids", "/vm",
     NULL, "memory=/r", "", "memory=/vm/vcpu0 pids=/vm1", "pids=/vm"},
    {"where it is cannot be told", MODE_OWN, MANAGER_CGROUPFS, LAYOUT_LEGACY, "memory pids", "/vm",
     NULL, "", "", "memory=/", "memory=/vm pids=/vm"},
    {"controllers of one mount are one directory", MODE_OWN, MANAGER_CGROUPFS, LAYOUT_LEGACY,
     "cpu@1 cpuacct@1 memory", "/vm", NULL, "", "", "cpu=/ cpuacct=/ memory=/",
     "cpu=/vm memory=/vm"},
    {"the v2 tree has no name", MODE_OWN, MANAGER_CGROUPFS, LAYOUT_HYBRID,
     "memory name=systemd unified", "/vm", NULL, "", "", "memory=/ name=systemd=/ unified=/",
     "memory=/vm name=systemd=/vm =/vm"},

    /* --- the affinity --- */
    {"its affinity of before ends where setup has set the cpus", MODE_OWN, MANAGER_CGROUPFS,
     LAYOUT_LEGACY, "memory cpuset", "/vm", NULL, "", "cpuset/cpuset.cpus", "memory=/ cpuset=/",
     "memory=/vm cpuset=/vm affinity"},
    {"it does not where they were not set", MODE_OWN, MANAGER_CGROUPFS, LAYOUT_LEGACY,
     "memory cpuset", "/vm", NULL, "", "cpuset/cpuset.mems memory/memory.limit_in_bytes",
     "memory=/ cpuset=/", "memory=/vm cpuset=/vm"},
    {"nor where it is in that group already", MODE_OWN, MANAGER_CGROUPFS, LAYOUT_LEGACY,
     "memory cpuset", "/vm", NULL, "", "cpuset/cpuset.cpus", "memory=/ cpuset=/vm", "memory=/vm"},
    {"on v2 every move is one into a cpuset", MODE_OWN, MANAGER_CGROUPFS, LAYOUT_UNIFIED, "unified",
     "/vm", NULL, "", "cpuset/cpuset.cpus", "unified=/", "=/vm affinity"},

    /* --- adopt --- */
    {"beside init, in its own group", MODE_ADOPT, MANAGER_CGROUPFS, LAYOUT_UNIFIED, "unified",
     "/pod/c", NULL, "unified=/pod/c/container", "", "unified=/", "=/pod/c/container"},
    {"beside init it is in place", MODE_ADOPT, MANAGER_CGROUPFS, LAYOUT_LEGACY, "memory pids",
     "/pod/c", NULL, "memory=/pod/c pids=/pod/c", "", "memory=/pod/c pids=/pod/c/x", ""},
    {"a hierarchy that the runtime does not know", MODE_ADOPT, MANAGER_CGROUPFS, LAYOUT_LEGACY,
     "memory misc", "/pod/c", NULL, "memory=/pod/c misc=/", "", "memory=/ misc=/s",
     "memory=/pod/c"},
    {"another base in each hierarchy", MODE_ADOPT, MANAGER_CGROUPFS, LAYOUT_LEGACY,
     "memory pids misc", "/pod/c", "c", "memory=/pod/c pids=/other/c/x misc=/", "",
     "memory=/ pids=/ misc=/", "memory=/pod/c pids=/other/c/x"},

    /* --- systemd --- */
    {"a scope without a limit on blkio is not in that hierarchy", MODE_OWN, MANAGER_SYSTEMD,
     LAYOUT_LEGACY, "memory blkio", "/s/vm.scope", NULL, "", "memory/memory.limit_in_bytes",
     "memory=/ blkio=/", "memory=/s/vm.scope"},
    {"with one it is", MODE_OWN, MANAGER_SYSTEMD, LAYOUT_LEGACY, "memory blkio", "/s/vm.scope",
     NULL, "", "blkio/blkio.throttle.read_bps_device", "memory=/ blkio=/",
     "memory=/s/vm.scope blkio=/s/vm.scope"},
    {"a group that vmcg makes is everywhere", MODE_OWN, MANAGER_CGROUPFS, LAYOUT_LEGACY,
     "memory blkio", "/vm", NULL, "", "", "memory=/ blkio=/", "memory=/vm blkio=/vm"},
};

/* The next of words that are divided by blanks; NULL: no more. */
static const char *next_word(const char **at, struct arena *a)
{
	const char *word = *at + strspn(*at, " ");
	size_t n = strcspn(word, " ");

	*at = word + n;
	return n ? arena_copy(a, word, n) : NULL;
}

static struct facts_process process_of(const char *words, int64_t pid, struct arena *a)
{
	struct facts_process p = {.pid = pid, .start = 7, .comm = "x"};

	for (const char *word; (word = next_word(&words, a));) {
		const char *path = strrchr(word, '=') + 1;
		struct facts_member *m = ARENA_APPEND(a, p.cgroups, p.n_cgroups);

		m->path = path;
		m->hierarchy = arena_copy(a, word, (size_t)(path - 1 - word));
	}
	return p;
}

static struct record record_of(size_t i, struct arena *a)
{
	struct record r = {.mode = rows[i].mode,
			   .manager = rows[i].manager,
			   .layout = rows[i].layout,
			   .path = rows[i].path,
			   .tail = rows[i].tail,
			   .init = process_of(rows[i].init, 3, a)};
	const char *mounts = rows[i].mounts, *of = rows[i].of;

	for (const char *word; (word = next_word(&mounts, a));) {
		size_t n = strcspn(word, "@");
		struct facts_mount *m = ARENA_APPEND(a, r.mounts, r.n_mounts);

		m->name = arena_copy(a, word, n);
		m->path = arena_printf(a, "/m/%s", word[n] ? word + n : word);
		m->root = "/";
	}
	for (const char *word; (word = next_word(&of, a));) {
		size_t n = strcspn(word, "/");
		struct plan_step *s = &ARENA_APPEND(a, r.steps, r.n_steps)->step;

		s->op = PLAN_WRITE;
		s->controller = arena_copy(a, word, n);
		s->path = r.path;
		s->file = word + n + 1;
		s->value = "1";
		s->why = "/r";
	}
	return r;
}

static bool run_row(size_t i, struct text *got)
{
	struct arena a = {0};
	const struct record r = record_of(i, &a);
	const struct facts_process p = process_of(rows[i].is, 42, &a);
	struct plan_step *steps = NULL;
	size_t n = 0;
	bool ok = true;

	/* What is there stays in front. */
	ARENA_APPEND(&a, steps, n)->op = PLAN_MKDIR;
	moves_add(&steps, &n, &r, &p, "why", &a);
	for (size_t k = 1; k < n; k++) {
		const struct plan_step *s = &steps[k];

		if (s->op == PLAN_PLACE)
			text_printf(got, "%s%s=%s", k > 1 ? " " : "", s->controller, s->path);
		else
			text_printf(got, " %s", s->op == PLAN_AFFINITY ? "affinity" : "?");
		ok &= s->phase == PHASE_PLACE && strcmp(s->value, "42") == 0 &&
		      strcmp(s->why, "why") == 0;
		if (s->op == PLAN_PLACE)
			ok &= strcmp(s->file, "cgroup.procs") == 0;
	}
	ok &= steps[0].op == PLAN_MKDIR && strcmp(got->s ? got->s : "", rows[i].want) == 0;
	arena_free(&a);
	return ok;
}

static void test_rows(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text got = {0};

		if (!run_row(i, &got)) {
			print_error("%s\n-- want\n%s\n-- got\n%s\n", rows[i].what, rows[i].want,
				    got.s ? got.s : "");
			wrong++;
		}
		text_free(&got);
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
