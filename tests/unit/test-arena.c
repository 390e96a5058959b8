/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-arena - memory that does not overlap, and text that grows
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oci/arena.h"
#include "oci/text.h"

/* Pieces of all sizes are zeroed, aligned, and keep what is written into them. */
static void test_alloc(void **state)
{
	enum { N = 400 };
	unsigned char *pieces[N];
	struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < N; i++) {
		size_t size = i * i / 8;

		pieces[i] = arena_alloc(&a, size);
		assert_int_equal((uintptr_t)pieces[i] % 16, 0);
		for (size_t k = 0; k < size; k++)
			assert_int_equal(pieces[i][k], 0);
		memset(pieces[i], (int)(i & 0xff), size);
	}
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < i * i / 8; k++)
			assert_int_equal(pieces[i][k], i & 0xff);
	arena_free(&a);
	assert_null(a.head);
	arena_free(&a);
}

static void test_grow(void **state)
{
	struct arena a = {0};
	struct pair {
		size_t x, y;
	} *list = NULL, *one;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		one = ARENA_APPEND(&a, list, n);
		assert_int_equal(one->x, 0);
		one->x = i;
		one->y = ~i;
	}
	assert_int_equal(n, 1000);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(list[i].x, i);
		assert_int_equal(list[i].y, ~i);
	}
	arena_free(&a);
}

static void test_strings(void **state)
{
	struct arena a = {0};
	char *s = arena_copy(&a, "abcdef", 3);

	(void)state;
	assert_string_equal(s, "abc");
	assert_string_equal(arena_copy(&a, NULL, 0), "");
	assert_string_equal(arena_printf(&a, "%s-%d-%5d", "x", 7, 1), "x-7-    1");
	assert_int_equal(strlen(arena_printf(&a, "%9000d", 1)), 9000);
	assert_string_equal(s, "abc");
	arena_free(&a);
}

static void test_text(void **state)
{
	struct text t = {0};

	(void)state;
	text_puts(&t, "");
	assert_string_equal(t.s, "");
	for (int i = 0; i < 1000; i++)
		text_printf(&t, "%d,", i % 10);
	text_put(&t, "xyz", 2);
	text_printf(&t, "%s", "");
	assert_int_equal(t.len, 2002);
	assert_int_equal(strlen(t.s), 2002);
	assert_memory_equal(t.s, "0,1,2,", 6);
	assert_string_equal(t.s + 1996, "8,9,xy");
	text_free(&t);
	assert_null(t.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_alloc),
	    cmocka_unit_test(test_grow),
	    cmocka_unit_test(test_strings),
	    cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
