/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-convert - weights against libm for every share, numbers, sizes, lists
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "hook/convert.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof(*(rows)))

/* The definition, in the widest floating point there is; 1e-9 keeps 10^2 from becoming 101. */
static uint64_t weight_by_libm(uint64_t shares)
{
	long double l = log2l((long double)shares);
	long double e = (l * l + 125 * l) / 612 - 7.0L / 34;

	return (uint64_t)ceill(powl(10, e) - 1e-9L);
}

static void test_every_share(void **state)
{
	(void)state;
	for (uint64_t s = 2; s <= CONVERT_SHARES_MAX; s++) {
		uint64_t want = weight_by_libm(s), got = convert_shares_to_weight(s);

		if (got != want) {
			print_error("shares %llu: want %llu, got %llu\n", (unsigned long long)s,
				    (unsigned long long)want, (unsigned long long)got);
			fail();
		}
	}
}

/* Written down, so that a mistake in the formula above cannot hide one below. */
static void test_known_shares(void **state)
{
	static const struct {
		uint64_t shares, weight;
	} rows[] = {
	    {1, 1},
	    {2, 1},
	    {3, 2},
	    {4, 2},
	    {5, 2},
	    {8, 3},
	    {10, 4},
	    {16, 5},
	    {20, 6},
	    {32, 8},
	    {50, 10},
	    {64, 12},
	    {100, 17},
	    {102, 17},
	    {128, 21},
	    {200, 29},
	    {250, 34},
	    {256, 35},
	    {307, 40},
	    {400, 49},
	    {500, 58},
	    {512, 59},
	    {614, 67},
	    {768, 80},
	    {1000, 99},
	    {1023, 100},
	    {1024, 100},
	    {1025, 101},
	    {1500, 136},
	    {2000, 170},
	    {2048, 174},
	    {3333, 256},
	    {4096, 303},
	    {8192, 532},
	    {10000, 627},
	    {16384, 942},
	    {20000, 1112},
	    {32768, 1681},
	    {65536, 3023},
	    {100000, 4340},
	    {131072, 5478},
	    {200000, 7899},
	    {260000, 9929},
	    {262143, 10000},
	    {262144, 10000},
	    {500000, 10000},
	    {4294968320, 10000},
	    {UINT64_MAX, 10000},
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		if (convert_shares_to_weight(rows[i].shares) != rows[i].weight)
			print_error("shares %llu\n", (unsigned long long)rows[i].shares);
		assert_int_equal(convert_shares_to_weight(rows[i].shares), rows[i].weight);
	}
}

static void test_clamp(void **state)
{
	(void)state;
	assert_int_equal(convert_shares_clamp(0), 2);
	assert_int_equal(convert_shares_clamp(1), 2);
	assert_int_equal(convert_shares_clamp(2), 2);
	assert_int_equal(convert_shares_clamp(262144), 262144);
	assert_int_equal(convert_shares_clamp(262145), 262144);
	assert_int_equal(convert_shares_clamp(UINT64_MAX), 262144);
}

static void test_io_weight(void **state)
{
	static const struct {
		uint64_t blkio, io;
	} rows[] = {
	    {10, 1},     {11, 11},    {50, 405},   {100, 910},  {200, 1920},
	    {300, 2930}, {500, 4950}, {750, 7475}, {999, 9989}, {1000, 10000},
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++)
		assert_int_equal(convert_blkio_to_io_weight(rows[i].blkio), rows[i].io);
}

/* A row of text and number; a number that is not there stands for a refusal. */
struct number_row {
	const char *text;
	bool good;
	uint64_t want;
};

static void check_numbers(bool (*convert)(const char *, size_t, uint64_t *),
			  const struct number_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t got = 4711;

		if (convert(rows[i].text, strlen(rows[i].text), &got) != rows[i].good ||
		    got != (rows[i].good ? rows[i].want : 4711)) {
			print_error("\"%s\": got %llu\n", rows[i].text, (unsigned long long)got);
			fail();
		}
	}
}

static void test_digits(void **state)
{
	static const struct number_row rows[] = {
	    {"0", true, 0},
	    {"1", true, 1},
	    {"18446744073709551615", true, UINT64_MAX},
	    {"18446744073709551616", false, 0},
	    {"18446744073709551620", false, 0},
	    {"99999999999999999999", false, 0},
	    {"", false, 0},
	    {"01", false, 0},
	    {"00", false, 0},
	    {"-1", false, 0},
	    {"+1", false, 0},
	    {" 1", false, 0},
	    {"1 ", false, 0},
	    {"1.0", false, 0},
	    {"1e3", false, 0},
	    {"0x1", false, 0},
	    {"\xb1", false, 0},
	};

	(void)state;
	check_numbers(convert_digits, rows, N_ROWS(rows));
}

static void test_bytes(void **state)
{
	static const struct number_row rows[] = {
	    {"0", true, 0},
	    {"4096", true, 4096},
	    {"1K", true, 1024},
	    {"1k", true, 1024},
	    {"2M", true, 2097152},
	    {"2m", true, 2097152},
	    {"3G", true, 3221225472},
	    {"3g", true, 3221225472},
	    {"1T", true, 1099511627776},
	    {"1P", true, 1125899906842624},
	    {"15E", true, 17293822569102704640U},
	    {"15e", true, 17293822569102704640U},
	    {"16E", false, 0},
	    {"16777216T", false, 0},
	    {"18014398509481984K", false, 0},
	    {"18014398509481983K", true, 18446744073709550592U},
	    {"18446744073709551616", false, 0},
	    {"K", false, 0},
	    {"1KB", false, 0},
	    {"1B", false, 0},
	    {"1 K", false, 0},
	    {"-1K", false, 0},
	    {"", false, 0},
	};

	(void)state;
	check_numbers(convert_bytes, rows, N_ROWS(rows));
}

static void test_page_size(void **state)
{
	static const struct number_row rows[] = {
	    {"2MB", true, 2097152},
	    {"1GB", true, 1073741824},
	    {"64KB", true, 65536},
	    {"16GB", true, 17179869184},
	    {"2M", false, 0},
	    {"2mb", false, 0},
	    {"MB", false, 0},
	    {"0MB", false, 0},
	    {"02MB", false, 0},
	    {"2TB", false, 0},
	    {"2MBx", false, 0},
	    {"2/MB", false, 0},
	    {"", false, 0},
	    {"B", false, 0},
	    {"99999999999999GB", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		uint64_t got = 0;

		if (convert_page_size(rows[i].text, &got) != rows[i].good || got != rows[i].want) {
			print_error("\"%s\": got %llu\n", rows[i].text, (unsigned long long)got);
			fail();
		}
	}
}

static void test_pointer_token(void **state)
{
	struct arena a = {0};

	(void)state;
	assert_string_equal(convert_pointer_token(&a, "mlx5_1"), "mlx5_1");
	assert_string_equal(convert_pointer_token(&a, "a/b"), "a~1b");
	assert_string_equal(convert_pointer_token(&a, "~1"), "~01");
	assert_string_equal(convert_pointer_token(&a, "//~~"), "~1~1~0~0");
	assert_string_equal(convert_pointer_token(&a, ""), "");
	arena_free(&a);
}

static void test_lists(void **state)
{
	static const struct {
		const char *text, *want; /* want NULL: refused because of bad */
		const char *bad;
	} rows[] = {
	    {"", "", NULL},
	    {"0", "0", NULL},
	    {"0-3", "0-3", NULL},
	    {"0,1", "0-1", NULL},
	    {"3,1,2", "1-3", NULL},
	    {"5,0-3", "0-3,5", NULL},
	    {"0-3,2-9,11", "0-9,11", NULL},
	    {"0-9,2-3", "0-9", NULL},
	    {"4,4,4-4", "4", NULL},
	    {" 0 , 1 - 2 ", "0-2", NULL},
	    {"00,007", "0,7", NULL},
	    {"0-1048575", "0-1048575", NULL},
	    {"9,7,5,3,1", "1,3,5,7,9", NULL},
	    {"1048576", NULL, "an index is above 1048575"},
	    {"18446744073709551616", NULL, "an item is not a number"},
	    {"1-0", NULL, "a range runs backwards"},
	    {"0-", NULL, "a range has no end"},
	    {"-1", NULL, "an item is not a number"},
	    {"0--1", NULL, "a range has no end"},
	    {"0-1-2", NULL, "only numbers, ranges and commas are taken"},
	    {",", NULL, "an item is empty"},
	    {"0,", NULL, "an item is empty"},
	    {"0,,1", NULL, "an item is empty"},
	    {",0", NULL, "an item is empty"},
	    {" ", NULL, "an item is empty"},
	    {"0, ", NULL, "an item is empty"},
	    {"0 1", NULL, "only numbers, ranges and commas are taken"},
	    {"all", NULL, "an item is not a number"},
	    {"0\n", NULL, "only numbers, ranges and commas are taken"},
	    {"0x1", NULL, "only numbers, ranges and commas are taken"},
	    {"0-7:1/2", NULL, "strides like 0-7:1/2 are not taken; list the ranges"},
	};
	struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct convert_list list = {0};
		const char *bad = NULL;
		int r = convert_list_parse(&list, &a, rows[i].text, &bad);

		const char *got = r ? bad : convert_list_format(&list, &a);
		const char *want = rows[i].want ? rows[i].want : rows[i].bad;

		if (r != (rows[i].want ? 0 : CONVERT_E_LIST) || strcmp(got, want) != 0) {
			print_error("\"%s\": want %s, got %s\n", rows[i].text, want, got);
			fail();
		}
	}
	arena_free(&a);
}

static void test_list_relations(void **state)
{
	static const struct {
		const char *have, *want;
		bool contains, equal;
	} rows[] = {
	    {"0-3", "0-3", true, true},      {"0-3", "1,3", true, false},
	    {"0-3", "4", false, false},      {"0-3", "3-4", false, false},
	    {"1-3", "0-1", false, false},    {"0-1,3-4", "1-3", false, false},
	    {"0-1,3-4", "0,3", true, false}, {"0,2,4", "4,2,0", true, true},
	    {"0,2,4", "0-2", false, false},  {"", "", true, true},
	    {"", "0", false, false},         {"0", "", true, false},
	};
	struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct convert_list have, want;

		assert_int_equal(convert_list_parse(&have, &a, rows[i].have, NULL), 0);
		assert_int_equal(convert_list_parse(&want, &a, rows[i].want, NULL), 0);
		if (convert_list_contains(&have, &want) != rows[i].contains ||
		    convert_list_equal(&have, &want) != rows[i].equal) {
			print_error("\"%s\" and \"%s\"\n", rows[i].have, rows[i].want);
			fail();
		}
	}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_share), cmocka_unit_test(test_known_shares),
	    cmocka_unit_test(test_clamp),       cmocka_unit_test(test_io_weight),
	    cmocka_unit_test(test_digits),      cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_page_size),   cmocka_unit_test(test_pointer_token),
	    cmocka_unit_test(test_lists),       cmocka_unit_test(test_list_relations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
