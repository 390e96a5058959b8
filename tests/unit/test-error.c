/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-error - one line, whatever goes in
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "oci/error.h"

static void test_set(void **state)
{
	struct error e = {.os = 5, .text = "old"};

	(void)state;
	assert_int_equal(error_set(&e, ERROR_INPUT, "%s: %d", "x", 7), -1);
	assert_int_equal(e.kind, ERROR_INPUT);
	assert_int_equal(e.os, 0);
	assert_string_equal(e.text, "x: 7");
	assert_int_equal(error_set_os(&e, ERROR_HOST, ENOENT, "open %s", "/x"), -1);
	assert_int_equal(e.kind, ERROR_HOST);
	assert_int_equal(e.os, ENOENT);
	assert_string_equal(e.text, "open /x: No such file or directory");
	assert_int_equal(error_add(&e, "; try %s", "that"), -1);
	assert_int_equal(e.os, ENOENT);
	assert_string_equal(e.text, "open /x: No such file or directory; try that");
	assert_int_equal(error_set(NULL, ERROR_INPUT, "nobody looks"), -1);
	assert_int_equal(error_set_os(NULL, ERROR_INPUT, EIO, "nobody looks"), -1);
	assert_int_equal(error_add(NULL, "nobody looks"), -1);
}

/* A name with a line end must not forge a second line in a log. */
static void test_escaped(void **state)
{
	struct error e;

	(void)state;
	error_set(&e, ERROR_INPUT, "a%sb", "\n\x01\x1b[0m\x7f\xc3\xa9\\");
	assert_string_equal(e.text, "a\\x0a\\x01\\x1b[0m\\x7f\xc3\xa9\\b");
	error_add(&e, "%s", "\t");
	assert_string_equal(e.text, "a\\x0a\\x01\\x1b[0m\\x7f\xc3\xa9\\b\\x09");
}

static void test_cut(void **state)
{
	char text[3000];
	struct error e;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&e, ERROR_INPUT, "%s", text);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	error_add(&e, "%s", text);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	/* an escape is written whole or not at all */
	memset(text, '\n', sizeof(text) - 1);
	for (int shift = 0; shift < 4; shift++) {
		error_set(&e, ERROR_INPUT, "%.*s%s", shift, "xxx", text);
		assert_true(strlen(e.text) < sizeof(e.text));
		assert_string_equal(e.text + strlen(e.text) - 4, "\\x0a");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_set),
	    cmocka_unit_test(test_escaped),
	    cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
