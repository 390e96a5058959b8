/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-json - documents to trees, and what is refused
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oci/json.h"
#include "oci/text.h"

/* Write what was built: compact JSON, numbers as their digits. */
static void dump(struct text *t, const struct json *n)
{
	switch (n->type) {
	case JSON_NULL: text_puts(t, "null"); return;
	case JSON_BOOL: text_puts(t, n->truth ? "true" : "false"); return;
	case JSON_NUMBER: text_puts(t, n->text); return;
	case JSON_STRING: text_printf(t, "\"%s\"", n->text); return;
	case JSON_ARRAY:
	case JSON_OBJECT: break;
	}
	text_puts(t, n->type == JSON_ARRAY ? "[" : "{");
	for (const struct json *m = n->first; m; m = m->next) {
		if (m != n->first)
			text_puts(t, ",");
		if (n->type == JSON_OBJECT)
			text_printf(t, "%s:", m->key);
		dump(t, m);
	}
	text_puts(t, n->type == JSON_ARRAY ? "]" : "}");
}

/* Parse exactly len bytes, on the heap so that a read beyond them is seen. The tree as text, or
 * the message. */
static char *parse(const char *bytes, size_t len, const struct json_options *o, size_t *ret_used)
{
	char *copy = malloc(len ? len : 1);
	struct arena a = {0};
	struct error e = {0};
	struct text t = {0};
	struct json *root = NULL;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	if (json_parse(&root, ret_used, &a, copy, len, o, &e) == 0) {
		dump(&t, root);
	} else {
		assert_int_equal(e.kind, ERROR_INPUT);
		assert_null(root);
		text_puts(&t, e.text);
	}
	free(copy);
	arena_free(&a);
	return t.s;
}

static void expect(const char *text, size_t len, const struct json_options *o, const char *want)
{
	char *got = parse(text, len, o, NULL);

	if (strcmp(got, want))
		fail_msg("%s\n   got  %s\n   want %s", text, got, want);
	free(got);
}

static const char *const nothing[] = {"/no/such/thing", NULL};

/* --- what is built --- */

static void test_values(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
	    {"{}", "{}"},
	    {" [ ] ", "[]"},
	    {"null", "null"},
	    {"\t\r\n true", "true"},
	    {"12", "12"},
	    {"\"\"", "\"\""},
	    {"[1,-0,1e3,1.50,18446744073709551616,-1E-2]",
	     "[1,-0,1e3,1.50,18446744073709551616,-1E-2]"},
	    {"{\"b\":1,\"a\":{\"c\":[]},\"\":false}", "{b:1,a:{c:[]},:false}"},
	    {"[\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"]", "[\"/\b\f\n\r\t\"\\\"]"},
	    {"[\"\\u00e9\\ud83d\\ude00\\uFFFF\"]", "[\"\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbf\"]"},
	    {"[\"\xc3\xa9\xf4\x8f\xbf\xbf\x7f\"]", "[\"\xc3\xa9\xf4\x8f\xbf\xbf\x7f\"]"},
	    /* an escaped backslash begins no other escape */
	    {"[\"\\\\u0000\\\\ud800\"]", "[\"\\u0000\\ud800\"]"},
	};
	static const struct json_options o = {.name = "doc"};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		expect(rows[i].text, strlen(rows[i].text), &o, rows[i].want);
}

static void test_keep(void **state)
{
	static const char doc[] = "{\"linux\":{\"seccomp\":{\"x\":[1,{\"y\":2}]},\"resources\":"
				  "{\"memory\":{\"limit\":5}},\"resourcesX\":1,\"devices\":[{}]},"
				  "\"process\":{\"resources\":1},\"annotations\":{\"a/b\":\"v\"}}";
	static const struct {
		const char *keep[3], *text, *want;
	} rows[] = {
	    {{"/linux/resources"}, doc, "{linux:{resources:{memory:{limit:5}}}}"},
	    {{"/linux/devices", "/annotations"},
	     doc,
	     "{linux:{devices:[{}]},annotations:{a/b:\"v\"}}"},
	    {{"/linux/res"}, doc, "{linux:{}}"},
	    {{"/annotations/a~1b"}, doc, "{annotations:{a/b:\"v\"}}"},
	    {{"/annotations/a"}, doc, "{annotations:{}}"},
	    {{"/resources"}, doc, "{}"},
	    {{"/linux/resources/memory", "/linux/resources"},
	     doc,
	     "{linux:{resources:{memory:{limit:5}}}}"},
	    {{"/m~0n"}, "{\"m~n\":1,\"m~0n\":2}", "{m~n:1}"},
	    {{""}, "{\"a\":[1]}", "{a:[1]}"},
	    /* what is in the way is built, so that the reader can complain about its type */
	    {{"/linux/resources"}, "{\"linux\":5}", "{linux:5}"},
	    {{"/linux/resources"}, "{\"linux\":[{\"resources\":1}]}", "{linux:[]}"},
	    {{"/linux/resources"}, "[{\"linux\":1}]", "[]"},
	    {{"/linux/resources"}, "\"text\"", "\"text\""},
	    {{"/linux/resources"}, "{\"linux\":null}", "{linux:null}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct json_options o = {.name = "doc", .keep = rows[i].keep};

		expect(rows[i].text, strlen(rows[i].text), &o, rows[i].want);
	}
}

/* Lines, indices, counts and parents, which the dump does not show. */
static void test_tree(void **state)
{
	static const char doc[] = "{\n\"a\": [1,\n2, {\n\"~/\": 3 }\n]\n,\"s\":\"x\\ny\"}";
	static const struct json_options o = {.name = "doc"};
	const struct json *a, *two, *deep;
	struct arena arena = {0};
	struct json *root;
	struct error e;

	(void)state;
	assert_int_equal(json_parse(&root, NULL, &arena, doc, strlen(doc), &o, &e), 0);
	assert_string_equal(root->key, "doc");
	assert_null(root->parent);
	assert_int_equal(root->line, 6);
	assert_int_equal(root->count, 2);
	assert_string_equal(json_pointer(root, &arena), "");
	a = json_member(root, "a");
	assert_int_equal(a->line, 5);
	assert_int_equal(a->count, 3);
	two = a->first->next;
	assert_int_equal(two->line, 3);
	assert_int_equal(two->index, 1);
	assert_string_equal(two->text, "2");
	assert_ptr_equal(two->next, a->last);
	assert_ptr_equal(a->last->parent, a);
	deep = json_member(a->last, "~/");
	assert_int_equal(deep->line, 4);
	assert_string_equal(json_pointer(deep, &arena), "/a/2/~0~1");
	assert_int_equal(json_member(root, "s")->len, 3);
	assert_null(json_member(root, "t"));
	arena_free(&arena);
}

/* --- what is refused --- */

static const struct refusal {
	const char *text, *want;
} refusals[] = {
    {"", "doc: the document is empty"},
    {" \t\r\n", "doc: the document is empty"},
    {"{", "doc:1: the text ends in the middle of an object"},
    {"{\"a\":[1,2", "doc:1: /a: the text ends in the middle of an array"},
    {"{\"a\":\n{\"b\":\"x", "doc:2: /a/b: the text ends in the middle of a value"},
    {"tru", "doc:1: the text ends in the middle of a value"},
    {"-", "doc:1: the text ends in the middle of a value"},
    {"{} {}", "doc:1: there is more text behind the end of the document"},
    {"{}\nx", "doc:2: there is more text behind the end of the document"},
    {"{}\ntru", "doc:2: there is more text behind the end of the document"},
    {"[] -", "doc:1: there is more text behind the end of the document"},
    {"1 2", "doc:1: there is more text behind the end of the document"},
    {"{\"a\":1 // x\n}", "doc:1: not valid JSON: lexical error: probable comment found in input "
			 "text, comments are not enabled"},
    {"{\"a\":{\"b\":[0,{\"c\":tru}]}}",
     "doc:1: /a/b/1/c: not valid JSON: lexical error: invalid string in json text"},
    {"\xef\xbb\xbf{}", "doc:1: not valid JSON: lexical error: invalid char in json text"},
    {"{\"~/\":{\"b\":-}}", "doc:1: /~0~1/b: not valid JSON: lexical error: malformed number, a "
			   "digit is required after the minus sign"},
    {"[01]", "doc:1: not valid JSON: parse error: after array element, I expect ',' or ']'"},
    {"[1,]", "doc:1: not valid JSON: parse error: unallowed token at this point in JSON text"},
    {"{\"a\":1,}", "doc:1: not valid JSON: parse error: invalid object key (must be a string)"},
    {"[\"a\tb\"]", "doc:1: not valid JSON: lexical error: invalid character inside string"},
    {"{\"a\":\"\\u12x4\"}", "doc:1: /a: not valid JSON: lexical error: invalid (non-hex) "
			    "character occurs after '\\u' inside string"},
    /* names */
    {"{\"a\":1,\"a\":1}", "doc:1: the name \"a\" stands twice in one object"},
    {"{\"x\":{\"y\":[0,\n{\"c\":1,\"d\":2,\n\"c\":3}]}}",
     "doc:3: /x/y/1: the name \"c\" stands twice in one object"},
    {"{\"a\":1,\"\\u0061\":1}", "doc:1: the name \"a\" stands twice in one object"},
    {"{\"\\u0061\":1,\"a\":1}", "doc:1: the name \"a\" stands twice in one object"},
    {"{\"\\/\":1,\"\\u002f\":1}", "doc:1: the name \"/\" stands twice in one object"},
    {"{\"\":1,\"\":1}", "doc:1: the name \"\" stands twice in one object"},
    {"{\"a\":{\"a\":1},\"a\":1}", "doc:1: the name \"a\" stands twice in one object"},
    /* bytes */
    {"{\"a\":{\"b\":\"x\xff\"}}", "doc:1: /a/b: the text is not valid UTF-8 here"},
    {"{\"a\xc0\x80\":1}", "doc:1: the text is not valid UTF-8 here"},
    {"[1,\"\\u0000\"]", "doc:1: /1: the string holds a NUL (\\u0000), which no name, path or "
			"value may"},
    {"[\"\\ud800\"]", "doc:1: /0: the string holds half of a surrogate pair (\\uD800..\\uDFFF), "
		      "no character"},
    /* the first fault in the document is the one that is reported */
    {"{\"a\":1,\"a\":1,\"b\":\"\xff\"}", "doc:1: the name \"a\" stands twice in one object"},
    {"[tru,\"\xff\"]", "doc:1: not valid JSON: lexical error: invalid string in json text"},
};

static void test_refused(void **state)
{
	static const struct json_options all = {.name = "doc"};
	static const struct json_options none = {.name = "doc", .keep = nothing};

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		const struct refusal *r = &refusals[i];

		expect(r->text, strlen(r->text), &all, r->want);
		expect(r->text, strlen(r->text), &none, r->want);
	}
	expect("[1,\0]", 5, &all, "doc:1: /1: the text holds a NUL byte");
	expect("[\"a\0b\"]", 7, &none, "doc:1: /0: the text holds a NUL byte");
}

/* Names that look alike in the document and are not the same. */
static void test_names_apart(void **state)
{
	static const char *const rows[] = {
	    "{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":1}]}",
	    "{\"a\":\"x\",\"a\\\":\":1}", /* the text around a name, as a name */
	    "{\"a\\\":\":1,\"a\":\"x\"}",
	    "{\"ab\":1,\"abc\":1,\"a\":1,\"\":1}",
	    "{\"\\u0061b\":1,\"\\u0061bc\":1,\"\\u0061\":1,\"A\":1}",
	    "{\"\\\\u0061\":1,\"a\":1}",
	};
	static const struct json_options o = {.name = "doc", .keep = nothing};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		expect(rows[i], strlen(rows[i]), &o, "{}");
}

/* Write an object of n names: in_escapes writes their first letter as an escape. */
static void put_names(struct text *t, size_t n, size_t in_escapes)
{
	text_puts(t, "{");
	for (size_t i = 0; i < n; i++)
		text_printf(t, "%s\"%sn%zu\":{\"n%zu\":0}", i ? "," : "",
			    i % 3 < in_escapes ? "\\u006e" : "n", i, i);
}

/* In an object of any size, a name that stands twice is found, wherever the first one is. */
static void test_many_names(void **state)
{
	static const size_t sizes[] = {1, 15, 16, 17, 47, 48, 49, 50, 200, 800, 3000};
	static const struct json_options o = {.name = "doc", .keep = nothing};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t n = sizes[i], step = n > 60 ? n / 20 : 1;

		for (size_t twice = 0; twice < n; twice += step) {
			struct text t = {0};
			char want[80];

			put_names(&t, n, twice % 4);
			text_puts(&t, "}");
			expect(t.s, t.len, &o, "{}");
			t.len--;
			text_printf(&t, ",\"nn%zu\":0}", twice);
			snprintf(want, sizeof(want),
				 "doc:1: the name \"nn%zu\" stands twice in one object", twice);
			expect(t.s, t.len, &o, want);
			text_free(&t);
		}
	}
}

/* Takes a moment; would take an hour if names were compared one by one. */
static void test_not_quadratic(void **state)
{
	static const struct json_options o = {.name = "doc", .keep = nothing};
	struct text t = {0};

	(void)state;
	text_puts(&t, "{");
	for (unsigned i = 0; i < 300000; i++)
		text_printf(&t, "%s\"%x\":0", i ? "," : "", i);
	text_puts(&t, "}");
	expect(t.s, t.len, &o, "{}");
	text_free(&t);
}

/* --- limits --- */

static void test_depth(void **state)
{
	static const struct json_options o = {.name = "doc", .keep = nothing};
	static const char *const brackets[][2] = {{"[", "]"}, {"{\"a\":", "}"}};

	(void)state;
	for (int i = 0; i < 2; i++)
		for (int depth = 64; depth <= 65; depth++) {
			struct text t = {0};
			char *got;

			for (int k = 0; k < depth; k++)
				text_puts(&t, brackets[i][0]);
			text_puts(&t, i ? "0" : "");
			for (int k = 0; k < depth; k++)
				text_puts(&t, brackets[i][1]);
			got = parse(t.s, t.len, &o, NULL);
			assert_int_equal(strstr(got, "more than 64 levels") != NULL, depth == 65);
			free(got);
			text_free(&t);
		}
}

static void test_size(void **state)
{
	static const struct json_options one = {.name = "doc", .keep = nothing};
	static const struct json_options many = {.name = "doc", .keep = nothing, .many = true};
	size_t len = JSON_MAX_BYTES + 1, used;
	char *text = malloc(len), *got;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', len);
	text[0] = '[';
	text[len - 2] = ']';
	expect(text, len - 1, &one, "[]");
	expect(text, len, &one,
	       "doc: 16777217 bytes, larger than 16 MiB, the most that is accepted");
	expect(text, len - 1, &many, "[]");
	text[len - 2] = ' ';
	text[len - 1] = ']';
	expect(text, len, &many, "doc:1: /0: larger than 16 MiB, the most that is accepted");
	text[1] = ']';
	got = parse(text, len, &many, &used);
	assert_string_equal(got, "[]");
	assert_int_equal(used, 2);
	free(got);
	free(text);
}

/* One value is taken from the front; what follows is nobody's business. */
/* [0,0,...] below "kept", n numbers; with the object and the array n + 2 values. */
static int parse_zeros(size_t n, const char *keep, struct error *e)
{
	const char *const pointers[] = {keep, NULL};
	const struct json_options o = {.name = "doc", .keep = pointers};
	struct text t = {0};
	struct arena a = {0};
	struct json *root;
	int r;

	text_puts(&t, "{\"kept\":[0");
	for (size_t i = 1; i < n; i++)
		text_put(&t, ",0", 2);
	text_puts(&t, "]}");
	r = json_parse(&root, NULL, &a, t.s, t.len, &o, e);
	text_free(&t);
	arena_free(&a);
	return r;
}

/* What is built costs memory, so there is an end to it; what is skipped costs none. */
static void test_values_at_most(void **state)
{
	struct error e = {0};

	(void)state;
	assert_int_equal(parse_zeros(JSON_MAX_VALUES - 2, "/kept", &e), 0);
	assert_int_equal(parse_zeros(JSON_MAX_VALUES - 1, "/kept", &e), -1);
	assert_int_equal(e.kind, ERROR_INPUT);
	assert_non_null(strstr(e.text, "/kept: more than 262144 values"));
	assert_int_equal(parse_zeros(2 * (size_t)JSON_MAX_VALUES, "/other", &e), 0);
}

static void test_first_of_many(void **state)
{
	static const struct {
		const char *text;
		size_t used;
		const char *want;
	} rows[] = {
	    {" {\"a\":1}{\"a\":1}", 8, "{a:1}"},
	    {"{} \xff", 2, "{}"},
	    {"[]x", 2, "[]"},
	    {"12 13", 2, "12"},
	    {"null", 4, "null"},
	    {"12", 2, "12"},
	    {"{\"a\":1", 0, "doc:1: the text ends in the middle of an object"},
	    {"{\"a\":\"\xff\"}{}", 0, "doc:1: /a: the text is not valid UTF-8 here"},
	    {" ", 0, "doc: the document is empty"},
	};
	static const struct json_options o = {.name = "doc", .many = true};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t used = 0;
		char *got = parse(rows[i].text, strlen(rows[i].text), &o, &used);

		if (strcmp(got, rows[i].want) || used != rows[i].used)
			fail_msg("%s\n   got  %s, %zu bytes\n   want %s, %zu bytes", rows[i].text,
				 got, used, rows[i].want, rows[i].used);
		free(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values),         cmocka_unit_test(test_keep),
	    cmocka_unit_test(test_tree),           cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_names_apart),    cmocka_unit_test(test_many_names),
	    cmocka_unit_test(test_not_quadratic),  cmocka_unit_test(test_depth),
	    cmocka_unit_test(test_size),           cmocka_unit_test(test_first_of_many),
	    cmocka_unit_test(test_values_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
