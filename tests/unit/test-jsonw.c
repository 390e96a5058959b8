/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-jsonw - the text that is written, and that it reads back
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "oci/json.h"
#include "oci/jsonw.h"

static void write_nothing(struct jsonw *w)
{
	jsonw_object(w, NULL);
	jsonw_array(w, "a");
	jsonw_end_array(w);
	jsonw_object(w, "o");
	jsonw_end_object(w);
	jsonw_flat_object(w, "f");
	jsonw_end_object(w);
	jsonw_end_object(w);
}

static void write_scalars(struct jsonw *w)
{
	jsonw_array(w, NULL);
	jsonw_int(w, NULL, INT64_MIN);
	jsonw_uint(w, NULL, UINT64_MAX);
	jsonw_hundredths(w, NULL, 3);
	jsonw_hundredths(w, NULL, 10050);
	jsonw_bool(w, NULL, true);
	jsonw_bool(w, NULL, false);
	jsonw_null(w, NULL);
	jsonw_string(w, NULL, "");
	jsonw_string(w, NULL, NULL);
	jsonw_end_array(w);
}

static void write_nested(struct jsonw *w)
{
	jsonw_object(w, NULL);
	jsonw_int(w, "vmcg", 1);
	jsonw_array(w, "steps");
	for (int i = 0; i < 2; i++) {
		jsonw_flat_object(w, NULL);
		jsonw_string(w, "op", "mkdir");
		jsonw_array(w, "in");
		jsonw_int(w, NULL, i);
		jsonw_int(w, NULL, 5);
		jsonw_end_array(w);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
	jsonw_flat_array(w, "flat");
	jsonw_int(w, NULL, 1);
	jsonw_object(w, NULL);
	jsonw_end_object(w);
	jsonw_end_array(w);
	jsonw_null(w, "end");
	jsonw_end_object(w);
}

static void write_escapes(struct jsonw *w)
{
	jsonw_object(w, NULL);
	jsonw_string(w, "\"k\\\n", "a/b\t\"\\\x01\x1f\x7f\b\r\xc3\xa9");
	jsonw_end_object(w);
}

static void write_bare(struct jsonw *w)
{
	jsonw_string(w, NULL, "x");
}

static const struct {
	void (*write)(struct jsonw *w);
	const char *compact, *pretty;
} rows[] = {
    {write_nothing, "{\"a\":[],\"o\":{},\"f\":{}}",
     "{\n  \"a\": [],\n  \"o\": {},\n  \"f\": {}\n}"},
    {write_scalars,
     "[-9223372036854775808,18446744073709551615,0.03,100.50,true,false,null,\"\",null]",
     "[\n  -9223372036854775808,\n  18446744073709551615,\n  0.03,\n  100.50,\n  true,\n  false,\n "
     " null,\n  \"\",\n"
     "  null\n]"},
    {write_nested,
     "{\"vmcg\":1,\"steps\":[{\"op\":\"mkdir\",\"in\":[0,5]},{\"op\":\"mkdir\",\"in\":[1,5]}],"
     "\"flat\":[1,{}],\"end\":null}",
     "{\n  \"vmcg\": 1,\n  \"steps\": [\n    {\"op\": \"mkdir\", \"in\": [0, 5]},\n"
     "    {\"op\": \"mkdir\", \"in\": [1, 5]}\n  ],\n  \"flat\": [1, {}],\n  \"end\": null\n}"},
    {write_escapes, "{\"\\\"k\\\\\\n\":\"a/b\\t\\\"\\\\\\u0001\\u001f\x7f\\u0008\\u000d\xc3\xa9\"}",
     "{\n  \"\\\"k\\\\\\n\": \"a/b\\t\\\"\\\\\\u0001\\u001f\x7f\\u0008\\u000d\xc3\xa9\"\n}"},
    {write_bare, "\"x\"", "\"x\""},
};

static void test_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (int pretty = 0; pretty < 2; pretty++) {
			const char *want = pretty ? rows[i].pretty : rows[i].compact;
			struct text t = {0};
			struct jsonw w = {.out = &t, .pretty = pretty};

			rows[i].write(&w);
			if (strcmp(t.s, want))
				fail_msg("row %zu\n   got  %s\n   want %s", i, t.s, want);
			assert_int_equal(w.depth, 0);
			text_free(&t);
		}
}

/* What was written is read as what was meant: every character there is below 128. */
static void test_round_trip(void **state)
{
	static const struct json_options o = {.name = "doc"};
	char all[128];

	(void)state;
	for (int i = 1; i < 128; i++)
		all[i - 1] = (char)i;
	all[127] = '\0';
	for (int pretty = 0; pretty < 2; pretty++) {
		struct text t = {0};
		struct jsonw w = {.out = &t, .pretty = pretty};
		struct arena a = {0};
		struct json *root;
		struct error e;

		jsonw_object(&w, NULL);
		jsonw_string(&w, all, all);
		jsonw_end_object(&w);
		if (json_parse(&root, NULL, &a, t.s, t.len, &o, &e) < 0)
			fail_msg("%s", e.text);
		assert_string_equal(root->first->key, all);
		assert_string_equal(root->first->text, all);
		arena_free(&a);
		text_free(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_forms),
	    cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
