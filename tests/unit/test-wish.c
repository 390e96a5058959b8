/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-wish - what of a record's values must still be seen in the files
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hook/wish.h"

enum { MOST = 3 };

/* Files are written in a row "FILE VALUE..."; the want of each is what must still be read. */
static const struct {
	const char *writes[MOST], *want[MOST];
} rows[] = {
    {{"memory.max 1", "pids.max 2"}, {"1", "2"}},
    {{"memory.max 1", "memory.max 2"}, {NULL, "2"}},
    {{"memory.max 1", "memory.max 2", "memory.max 3"}, {NULL, NULL, "3"}},
    /* a line for each device, and the default is one of them */
    {{"io.weight 8:0 200", "io.weight 8:16 300"}, {"8:0 200", "8:16 300"}},
    {{"io.weight 8:0 200", "io.weight 8:0 300"}, {NULL, "8:0 300"}},
    {{"io.weight 100", "io.weight 8:0 300"}, {"100", "8:0 300"}},
    {{"io.weight 100", "io.weight default 300"}, {NULL, "default 300"}},
    {{"io.weight 8:1 200", "io.weight 8:16 300"}, {"8:1 200", "8:16 300"}},
    /* pairs in a line: each is a wish of its own */
    {{"io.max 8:0 rbps=1", "io.max 8:0 wbps=2"}, {"8:0 rbps=1", "8:0 wbps=2"}},
    {{"io.max 8:0 rbps=1 wbps=2", "io.max 8:0 rbps=3"}, {"8:0 wbps=2", "8:0 rbps=3"}},
    {{"io.max 8:0 rbps=1", "io.max 8:0 rbps=3 wbps=4"}, {NULL, "8:0 rbps=3 wbps=4"}},
    {{"io.max 8:0 rbps=1 wbps=2", "io.max 8:0 rbps=3", "io.max 8:0 wbps=4"},
     {NULL, "8:0 rbps=3", "8:0 wbps=4"}},
    {{"io.max 8:0 rbps=1", "io.max 8:16 rbps=3"}, {"8:0 rbps=1", "8:16 rbps=3"}},
    {{"io.max 8:0 riops=1", "io.max 8:0 rbps=1"}, {"8:0 riops=1", "8:0 rbps=1"}},
    /* two files for one thing */
    {{"cpu.weight 50", "cpu.weight.nice 3"}, {NULL, "3"}},
    {{"cpu.weight 50", "cpu.idle 1"}, {NULL, "1"}},
    {{"cpu.idle 0", "cpu.weight 50"}, {"0", "50"}},
    /* a group that is idle in the end has no weight; one that is not, has */
    {{"cpu.shares 512", "cpu.idle 1"}, {NULL, "1"}},
    {{"cpu.weight.nice 3", "cpu.idle  1"}, {NULL, " 1"}},
    {{"cpu.shares 512", "cpu.idle 0"}, {"512", "0"}},
    {{"cpu.shares 512", "cpu.idle 1", "cpu.idle 0"}, {"512", NULL, "0"}},
    {{"cpu.weight 50", "cpu.idle 1", "cpu.idle 0"}, {"50", NULL, "0"}},
    {{"cpu.weight 50", "cpu.idle 0", "cpu.idle 1"}, {NULL, NULL, "1"}},
    {{"cpu.max 1 2", "cpu.idle 1"}, {"1 2", "1"}},
    {{"cpu.max 1 2", "cpu.max.burst 3"}, {"1 2", "3"}},
    /* writing is all that can be done */
    {{"memory.reclaim 1M", "memory.max 1"}, {NULL, "1"}},
};

/* "FILE VALUE" as a step. */
static struct plan_step step_of(const char *write, struct arena *a)
{
	size_t n = strcspn(write, " ");

	return (struct plan_step){.op = PLAN_WRITE,
				  .controller = arena_copy(a, write, strcspn(write, ".")),
				  .path = "/g",
				  .file = arena_copy(a, write, n),
				  .value = write + n + 1};
}

/* A record of a v2 host. */
static void make_record(struct record *r, const char *const *writes, struct arena *a)
{
	static struct facts_mount unified = {.name = "unified", .path = "/c"};

	*r = (struct record){.mounts = &unified, .n_mounts = 1};
	for (size_t i = 0; i < MOST && writes[i]; i++)
		ARENA_APPEND(a, r->steps, r->n_steps)->step = step_of(writes[i], a);
}

static void values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = {0};
		struct record r;

		make_record(&r, rows[i].writes, &a);
		for (size_t k = 0; k < r.n_steps; k++) {
			const char *got = wish_value(&r, k, &a), *want = rows[i].want[k];

			if ((!got) != (!want) || (got && strcmp(got, want) != 0))
				fail_msg("row %zu, \"%s\": got %s, want %s", i, rows[i].writes[k],
					 got ? got : "nothing", want ? want : "nothing");
		}
		arena_free(&a);
	}
}

/* Another group's file, another kind of step, and systemd's word for a file. */
static void other_steps(void **state)
{
	const char *const writes[MOST] = {"memory.max 1", "memory.max 2"};
	struct arena a = {0};
	struct record r;

	(void)state;
	make_record(&r, writes, &a);
	r.steps[1].step.path = "/h";
	assert_string_equal(wish_value(&r, 0, &a), "1");
	r.steps[1].step.path = "/g";
	r.steps[1].step.op = PLAN_INHERIT;
	assert_string_equal(wish_value(&r, 0, &a), "1");
	r.steps[1].step.op = PLAN_VERIFY;
	assert_null(wish_value(&r, 0, &a));
	arena_free(&a);
}

/* Idle is another group. */
static void idle_elsewhere(void **state)
{
	const char *const writes[MOST] = {"cpu.weight 50", "cpu.idle 1"};
	struct arena a = {0};
	struct record r;

	(void)state;
	make_record(&r, writes, &a);
	assert_null(wish_value(&r, 0, &a));
	r.steps[1].step.path = "/h";
	assert_string_equal(wish_value(&r, 0, &a), "50");
	arena_free(&a);
}

static void twins(void **state)
{
	static const struct {
		const char *writes[MOST];
		int want; /* the twin of the first; -1: none */
	} t[] = {
	    {{"io.weight 8:0 200", "io.bfq.weight 8:0 20"}, 1},
	    {{"io.weight 200", "io.bfq.weight 20"}, 1},
	    {{"io.weight 200", "io.bfq.weight default 20"}, 1},
	    {{"io.weight 8:0 200", "io.bfq.weight 8:16 20", "io.bfq.weight 8:0 5"}, 2},
	    {{"io.weight 200", "io.bfq.weight 8:0 20"}, -1},
	    {{"io.weight 200", "io.max 8:0 rbps=1"}, -1},
	    {{"memory.max 1", "memory.high 1"}, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct arena a = {0};
		const struct plan_step *twin;
		struct record r;

		make_record(&r, t[i].writes, &a);
		twin = wish_twin(&r, 0, &a);
		if (twin != (t[i].want < 0 ? NULL : &r.steps[t[i].want].step))
			fail_msg("row %zu: %s", i, twin ? twin->file : "none");
		arena_free(&a);
	}
}

static void shown_part(void **state)
{
	static const struct {
		const char *write, *live, *want;
	} t[] = {
	    {"io.weight 8:0 200", "default 100\n8:0 50", "8:0 50"},
	    {"io.weight 8:0 200", "default 100\n8:01 50", NULL},
	    {"io.weight 8:0 200", "default 100", NULL},
	    {"io.weight 200", "default 100\n8:0 50", "default 100"},
	    {"io.weight 200", "100", "100"},
	    {"io.max 8:0 rbps=1", "8:16 rbps=2\n8:0 rbps=max wbps=max", "8:0 rbps=max wbps=max"},
	    {"io.max 8:0 rbps=1", "", NULL},
	    {"memory.max 1", "max", "max"},
	    {"cpu.max 1 2", "max 100000", "max 100000"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		const char *const writes[MOST] = {t[i].write};
		struct arena a = {0};
		const char *got;
		struct record r;

		make_record(&r, writes, &a);
		got = wish_shown(&r, &r.steps[0].step, t[i].live, &a);
		if ((!got) != (!t[i].want) || (got && strcmp(got, t[i].want) != 0))
			fail_msg("row %zu: got %s, want %s", i, got ? got : "nothing",
				 t[i].want ? t[i].want : "nothing");
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values),         cmocka_unit_test(other_steps),
	    cmocka_unit_test(idle_elsewhere), cmocka_unit_test(twins),
	    cmocka_unit_test(shown_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
