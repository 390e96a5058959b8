/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-human - sizes, times and tables for people
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "hook/columns.h"
#include "hook/human.h"

#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

#define MIB      (1024ULL * 1024)
#define GIB      (1024 * MIB)

struct row {
	uint64_t in;
	const char *want;
};

static void check(const struct row *t, size_t n, const char *(*put)(char *, uint64_t))
{
	char buf[HUMAN_MAX];

	for (size_t i = 0; i < n; i++)
		if (strcmp(put(buf, t[i].in), t[i].want) != 0)
			fail_msg("row %zu: %llu: got \"%s\", want \"%s\"", i,
				 (unsigned long long)t[i].in, buf, t[i].want);
}

static void test_bytes(void **state)
{
	static const struct row t[] = {
	    {0, "0 B"},
	    {1, "1 B"},
	    {1023, "1023 B"},
	    {1024, "1 KiB"},
	    {1500, "1.5 KiB"},
	    {4096, "4 KiB"},
	    {512 * MIB, "512 MiB"},
	    {512 * MIB + 1, "512 MiB"},
	    {99 * MIB + MIB / 2, "99.5 MiB"},
	    {100 * MIB + MIB / 2, "101 MiB"}, /* no decimal from 100 on */
	    {99 * MIB + MIB - 1, "100 MiB"},
	    {GIB - 1, "1 GiB"}, /* never "1024 MiB" */
	    {1023 * MIB + MIB / 2, "1 GiB"},
	    {1023 * MIB + MIB / 2 - 1, "1023 MiB"},
	    {GIB + GIB / 2, "1.5 GiB"},
	    {GIB + 1, "1 GiB"},
	    {1024 * GIB, "1 TiB"},
	    {1ULL << 60, "1 EiB"},
	    {UINT64_MAX, "16 EiB"},
	    {UINT64_MAX / 2, "8 EiB"},
	};

	(void)state;
	check(t, COUNT(t), human_bytes);
}

static void test_usec(void **state)
{
	static const struct row t[] = {
	    {0, "0 us"},
	    {850, "850 us"},
	    {1000, "1 ms"},
	    {12345, "12.3 ms"},
	    {999499, "999 ms"},
	    {999500, "1 s"},
	    {1500000, "1.5 s"},
	    {59940000, "59.9 s"},
	    {59960000, "1 min"},
	    {125000000, "2 min 5 s"},
	    {125600000, "2 min 6 s"},
	    {4800000000, "1 h 20 min"},
	};

	(void)state;
	check(t, COUNT(t), human_usec);
}

static void test_seconds(void **state)
{
	static const struct row t[] = {
	    {0, "0 s"},
	    {59, "59 s"},
	    {60, "1 min"},
	    {61, "1 min 1 s"},
	    {3600, "1 h"},
	    {3659, "1 h"}, /* two units that follow each other, no third */
	    {4800, "1 h 20 min"},
	    {86400, "1 d"},
	    {3 * 86400 + 4 * 3600 + 59, "3 d 4 h"},
	    {1000ULL * 86400, "1000 d"},
	};

	(void)state;
	check(t, COUNT(t), human_seconds);
}

static void test_shares(void **state)
{
	static const struct {
		uint64_t part, whole;
		const char *percent, *ratio;
	} t[] = {
	    {0, 100, "0 %", "0"},
	    {200000, 100000, "200 %", "2"},
	    {25000, 100000, "25 %", "0.25"},
	    {150000, 100000, "150 %", "1.5"},
	    {1, 3, "33 %", "0.33"},
	    {2, 3, "67 %", "0.67"},
	    {5, 100, "5 %", "0.05"},
	    {7, 0, "0 %", "0"},
	    {UINT64_MAX, UINT64_MAX, "100 %", "1"},
	    {UINT64_MAX / 2, UINT64_MAX, "50 %", "0.5"},
	    {1, UINT64_MAX, "0 %", "0"},
	};
	char buf[HUMAN_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		if (strcmp(human_percent(buf, t[i].part, t[i].whole), t[i].percent) != 0)
			fail_msg("row %zu: got \"%s\", want \"%s\"", i, buf, t[i].percent);
		if (strcmp(human_ratio(buf, t[i].part, t[i].whole), t[i].ratio) != 0)
			fail_msg("row %zu: got \"%s\", want \"%s\"", i, buf, t[i].ratio);
	}
	assert_string_equal(human_count(buf, 0, "time"), "0 times");
	assert_string_equal(human_count(buf, 1, "time"), "1 time");
	assert_string_equal(human_count(buf, UINT64_MAX, "time"), "18446744073709551615 times");
}

static void test_columns(void **state)
{
	static const struct {
		const char *cells[9]; /* three columns */
		size_t n;
		const char *want;
	} t[] = {
	    {{0}, 0, ""},
	    {{"a", "b", "c"}, 3, "- a  b  c\n"},
	    {{"ID", "X", "PATH", "longer", "1", "/p", "b", "22", "/q"},
	     9,
	     "- ID      X   PATH\n- longer  1   /p\n- b       22  /q\n"},
	    {{"a", NULL, "c", "b", "xx", NULL},
	     6,
	     "- a      c\n- b  xx\n"}, /* no blanks at the end */
	    {{"\xc3\xa9", "b", "c", "aa", "b", "c"}, 6, "- \xc3\xa9   b  c\n- aa  b  c\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct columns c = {.n_columns = 3};
		struct arena a = {0};
		struct text out = {0};

		for (size_t k = 0; k < t[i].n; k++)
			columns_add(&c, &a, t[i].cells[k]);
		text_puts(&out, "");
		columns_print(&c, "- ", &out);
		if (strcmp(out.s, t[i].want) != 0)
			fail_msg("row %zu: got\n%s\nwant\n%s", i, out.s, t[i].want);
		text_free(&out);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes),   cmocka_unit_test(test_usec),
	    cmocka_unit_test(test_seconds), cmocka_unit_test(test_shares),
	    cmocka_unit_test(test_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
