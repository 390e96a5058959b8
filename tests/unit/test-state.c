/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-state - the state documents that runtimes send, and those that nobody should
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "oci/state.h"
#include "oci/text.h"

static void put(struct text *t, const char *name, const char *value)
{
	if (value)
		text_printf(t, "%s=%s ", name, value);
}

/* The state as one line, or the message. */
static void describe(struct text *t, const char *doc, size_t len, size_t *ret_used)
{
	struct oci_state s = {.id = "untouched"};
	struct arena a = {0};
	struct error e;

	text_puts(t, "");
	if (oci_state_parse(&s, ret_used, &a, doc, len, &e) < 0) {
		assert_int_equal(e.kind, ERROR_INPUT);
		assert_string_equal(s.id, "untouched");
		text_puts(t, e.text);
		arena_free(&a);
		return;
	}
	put(t, "v", s.oci_version);
	put(t, "id", s.id);
	put(t, "status", s.status);
	put(t, "bundle", s.bundle);
	text_printf(t, "pid=%lld", (long long)s.pid);
	for (size_t i = 0; i < s.n_annotations; i++)
		text_printf(t, " %s:%s", s.annotations[i].key, s.annotations[i].value);
	arena_free(&a);
}

static const struct row {
	const char *doc, *want;
} rows[] = {
    /* as they are sent */
    {"{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"status\":\"creating\",\"pid\":4242,"
     "\"bundle\":\"/run/b/c1\",\"annotations\":{\"k\":\"v\"}}",
     "v=1.3.0 id=c1 status=creating bundle=/run/b/c1 pid=4242 k:v"},
    {"{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"status\":\"stopped\",\"bundle\":\"/run/b/c1\"}",
     "v=1.3.0 id=c1 status=stopped bundle=/run/b/c1 pid=0"},
    {"{\"ociVersion\":\"1.0\",\"id\":\"c1\",\"pid\":4242,\"root\":\"rootfs\","
     "\"bundle\":\"/run/b/c1\",\"status\":\"created\"}",
     "v=1.0 id=c1 status=created bundle=/run/b/c1 pid=4242"},
    {"{\"ociVersion\":\"1.0\",\"id\":\"c1\",\"pid\":0,\"root\":\"rootfs\","
     "\"bundle\":\"\\/run\\/b\\/c1\",\"status\":\"stopped\"}",
     "v=1.0 id=c1 status=stopped bundle=/run/b/c1 pid=0"},
    {"{\"ociVersion\":\"\",\"id\":\"sandbox1\",\"status\":\"\",\"pid\":31337,"
     "\"bundle\":\"/run/b/c1\"}",
     "v= id=sandbox1 status= bundle=/run/b/c1 pid=31337"},
    {"{\"id\":\"c1\",\"pid\":77,\"bundlePath\":\"/run/b/c1\"}", "id=c1 bundle=/run/b/c1 pid=77"},
    {"{\"id\":\"c1\",\"bundlePath\":\"/old\",\"bundle\":\"/new\"}", "id=c1 bundle=/new pid=0"},
    {"{\"id\":\"c1\"}", "id=c1 pid=0"},
    {"{\"id\":\"c1\",\"pid\":null,\"bundle\":null,\"annotations\":null,\"status\":null}",
     "id=c1 pid=0"},
    {"{\"id\":\"A.b_c+d-9\",\"pid\":2147483647,\"x\":{\"id\":5},\"annotations\":{}}",
     "id=A.b_c+d-9 pid=2147483647"},
    {"{\"id\":\"c1\",\"annotations\":{\"z\":\"1\",\"a\":\"\",\"m\":\"2\"}}",
     "id=c1 pid=0 z:1 a: m:2"},
    /* refused */
    {"", "state: the document is empty"},
    {"{}", "state:1: \"id\" is missing"},
    {"[]", "state:1: this is an array, expected an object"},
    {"{\"id\":\"c1\"", "state:1: the text ends in the middle of an object"},
    {"{\"id\":\"c1\",\"id\":\"c2\"}", "state:1: the name \"id\" stands twice in one object"},
    {"{\"id\":\"c1\",\"pid\":\"12\"}", "state:1: /pid: \"12\" is a string, expected an integer"},
    {"{\"id\":\"c1\",\"pid\":-1}", "state:1: /pid: -1 is negative, expected 0..2147483647"},
    {"{\"id\":\"c1\",\"pid\":1e3}", "state:1: /pid: 1e3 is not an integer written in digits"},
    {"{\"id\":\"c1\",\"pid\":2147483648}",
     "state:1: /pid: 2147483648 is out of range (0..2147483647)"},
    {"{\"id\":\"../x\"}", "state:1: /id: \"../x\" holds other characters than letters, digits "
			  "and \"_+-.\""},
    {"{\"id\":\"a\\nb\"}", "state:1: /id: \"a\\x0ab\" holds other characters than letters, "
			   "digits and \"_+-.\""},
    {"{\"id\":\"\xc3\xa9\"}", "state:1: /id: \"\xc3\xa9\" holds other characters than letters, "
			      "digits and \"_+-.\""},
    {"{\"id\":\"..\"}", "state:1: /id: \"..\" would name a directory on the way; \".\" and "
			"\"..\" are no ids"},
    {"{\"id\":\"\"}", "state:1: /id: \"\" is empty; an id has 1 to 1024 letters, digits or "
		      "\"_+-.\""},
    {"{\"id\":5}", "state:1: /id: 5 is a number, expected a string"},
    {"{\"id\":\"c1\",\"bundle\":\"run/b\"}", "state:1: /bundle: \"run/b\" is not an absolute path"},
    {"{\"id\":\"c1\",\"bundle\":\"\"}", "state:1: /bundle: \"\" is not an absolute path"},
    {"{\"id\":\"c1\",\"bundlePath\":\"b\"}", "state:1: /bundlePath: \"b\" is not an absolute path"},
    {"{\"id\":\"c1\",\"annotations\":[]}",
     "state:1: /annotations: this is an array, expected an object"},
    {"{\"id\":\"c1\",\"annotations\":{\"a/b\":1}}",
     "state:1: /annotations/a~1b: the value of an annotation must be a string"},
    {"{\"id\":\"c1\",\"annotations\":{\"k\":null}}",
     "state:1: /annotations/k: the value of an annotation must be a string"},
    {"{\"id\":\"c1\",\"annotations\":{\"\":\"v\"}}", "state:1: /annotations: a name is empty"},
};

static void test_documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct text t = {0};

		describe(&t, rows[i].doc, strlen(rows[i].doc), NULL);
		if (strcmp(t.s, rows[i].want))
			fail_msg("%s\n   got  %s\n   want %s", rows[i].doc, t.s, rows[i].want);
		text_free(&t);
	}
}

/* The config may follow on the same input. */
static void test_second_document(void **state)
{
	static const char doc[] = "{\"id\":\"c1\"}\n{\"linux\":{}}";
	struct text t = {0};
	size_t used;

	(void)state;
	describe(&t, doc, strlen(doc), &used);
	assert_string_equal(t.s, "id=c1 pid=0");
	assert_int_equal(used, 11);
	text_free(&t);
}

static void test_lengths(void **state)
{
	static const struct {
		const char *before, *after;
		int len;
		const char *want; /* NULL: accepted */
	} cases[] = {
	    {"{\"id\":\"", "\"}", 1024, NULL},
	    {"{\"id\":\"", "\"}", 1025, "is too long; an id has at most 1024"},
	    {"{\"id\":\"c\",\"bundle\":\"/", "\"}", 4094, NULL},
	    {"{\"id\":\"c\",\"bundle\":\"/", "\"}", 4095, "4096 bytes are too long for a path"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct text doc = {0}, t = {0};

		text_puts(&doc, cases[i].before);
		for (int k = 0; k < cases[i].len; k++)
			text_puts(&doc, "x");
		text_puts(&doc, cases[i].after);
		describe(&t, doc.s, doc.len, NULL);
		if (!strstr(t.s, cases[i].want ? cases[i].want : "pid=0"))
			fail_msg("row %zu: %s", i, t.s);
		text_free(&doc);
		text_free(&t);
	}
}

static void test_check_id(void **state)
{
	struct error e = {0};

	(void)state;
	assert_int_equal(oci_state_check_id("web-1", &e), 0);
	assert_int_equal(oci_state_check_id("a/b", &e), -1);
	assert_int_equal(e.kind, ERROR_INPUT);
	assert_string_equal(e.text, "container id \"a/b\" holds other characters than letters, "
				    "digits and \"_+-.\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_documents),
	    cmocka_unit_test(test_second_document),
	    cmocka_unit_test(test_lengths),
	    cmocka_unit_test(test_check_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
