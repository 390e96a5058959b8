/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-json_edit - elements put into arrays of a text, and everything else as it was
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oci/json_edit.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Exactly len bytes on the heap, so that a read beyond them is seen. The new text, or the
 * message; out must keep what it held. */
static char *edit(const char *doc, size_t len, const char *pointer, const char *elements)
{
	const struct json_edit what = {"doc", pointer, elements};
	char *copy = malloc(len ? len : 1);
	struct text out = {0};
	struct error e = {0};

	assert_non_null(copy);
	memcpy(copy, doc, len);
	text_puts(&out, "before");
	if (json_edit_append(&out, copy, len, &what, &e) < 0) {
		assert_int_equal(e.kind, ERROR_INPUT);
		assert_string_equal(out.s, "before");
		text_puts(&out, e.text);
	}
	free(copy);
	assert_memory_equal(out.s, "before", 6);
	memmove(out.s, out.s + 6, out.len - 5);
	return out.s;
}

static const struct {
	const char *doc, *pointer, *want;
} rows[] = {
    /* absent, at each depth */
    {"{}", "/a", "{'a':[1,{}]}"},
    {"{}", "/a/b", "{'a':{'b':[1,{}]}}"},
    {"{}", "/a/b/c", "{'a':{'b':{'c':[1,{}]}}}"},
    {"{'x':1}", "/a", "{'x':1,'a':[1,{}]}"},
    {"{'x':1}", "/a/b/c", "{'x':1,'a':{'b':{'c':[1,{}]}}}"},
    {"{'a':{}}", "/a/b/c", "{'a':{'b':{'c':[1,{}]}}}"},
    {"{'a':{'b':{}}}", "/a/b/c", "{'a':{'b':{'c':[1,{}]}}}"},
    {"{'a':{'b':{'x':0}},'y':0}", "/a/b/c", "{'a':{'b':{'x':0,'c':[1,{}]}},'y':0}"},
    {"{'a':{'y':0,'b':{}}}", "/a/c", "{'a':{'y':0,'b':{},'c':[1,{}]}}"},
    /* arrays that are there */
    {"{'a':[]}", "/a", "{'a':[1,{}]}"},
    {"{'a':[0]}", "/a", "{'a':[0,1,{}]}"},
    {"{'a':[[]]}", "/a", "{'a':[[],1,{}]}"},
    {"{'a':[[],{}],'x':1}", "/a", "{'a':[[],{},1,{}],'x':1}"},
    {"{'a':{'b':[null]}}", "/a/b", "{'a':{'b':[null,1,{}]}}"},
    /* null is as good as absent, and its name must not stand twice */
    {"{'a':null}", "/a", "{'a':[1,{}]}"},
    {"{'a':null}", "/a/b/c", "{'a':{'b':{'c':[1,{}]}}}"},
    {"{'a':{'b': null , 'x':1}}", "/a/b/c", "{'a':{'b': {'c':[1,{}]} , 'x':1}}"},
    {"{'a':{'b':{'c':null}}}", "/a/b/c", "{'a':{'b':{'c':[1,{}]}}}"},
    /* white space stays, the end of the text too */
    {" { } \n", "/a", " {'a':[1,{}] } \n"},
    {"\t{ 'a' : [ ] }\r\n", "/a", "\t{ 'a' : [1,{} ] }\r\n"},
    {"{\n  'a': [\n    0\n  ]\n}\n\n", "/a", "{\n  'a': [\n    0,1,{}\n  ]\n}\n\n"},
    {"{\n  'x': 1\n}", "/a", "{\n  'x': 1,'a':[1,{}]\n}"},
    {"{\f}", "/a", "{'a':[1,{}]\f}"}, /* no blanks of JSON, but the parser's */
    {"{'a':[0\v\f]}", "/a", "{'a':[0,1,{}\v\f]}"},
    /* brackets, quotes and names inside strings lead nobody astray */
    {"{'x':'}]{[','a':['[']}", "/a", "{'x':'}]{[','a':['[',1,{}]}"},
    {"{'x':'\\\"a\\\":[]','a':['\\\\']}", "/a", "{'x':'\\\"a\\\":[]','a':['\\\\',1,{}]}"},
    {"{'x':'{'}", "/a", "{'x':'{','a':[1,{}]}"},
    {"{'x':'{ '}", "/a", "{'x':'{ ','a':[1,{}]}"},
    {"{'x':{'a':[0]}}", "/a", "{'x':{'a':[0]},'a':[1,{}]}"},
    {"{'a':{'x':{'b':[0]},'b':[2]}}", "/a/b", "{'a':{'x':{'b':[0]},'b':[2,1,{}]}}"},
    {"{'ab':[0],'':[0]}", "/a", "{'ab':[0],'':[0],'a':[1,{}]}"},
    {"{'ab':[0],'a':[]}", "/ab", "{'ab':[0,1,{}],'a':[]}"},
    /* a name is what it means, not how it is written */
    {"{'\\u0061':{'b':[0]}}", "/a/b", "{'\\u0061':{'b':[0,1,{}]}}"},
    {"{'\\u0061':null}", "/a/b", "{'\\u0061':{'b':[1,{}]}}"},
    /* what no reader of numbers or strings would give back */
    {"{'n':[1e400,18446744073709551615,0.1000,-0,1E+2],'a':[0.10]}", "/a",
     "{'n':[1e400,18446744073709551615,0.1000,-0,1E+2],'a':[0.10,1,{}]}"},
    {"{'s':'\\/\\u00e9\\ud83d\\ude00\xc3\xa9\x7f','a':[]}", "/a",
     "{'s':'\\/\\u00e9\\ud83d\\ude00\xc3\xa9\x7f','a':[1,{}]}"},
    /* refused: not of the type that the way asks for */
    {"[]", "/a", "doc:1: this is no object, so nothing can be added to /a"},
    {"null", "/a", "doc:1: this is no object, so nothing can be added to /a"},
    {"7 ", "/a", "doc:1: this is no object, so nothing can be added to /a"},
    {"{'a':\n5}", "/a", "doc:2: /a: this is no array, so nothing can be added to it"},
    {"{'a':{}}", "/a", "doc:1: /a: this is no array, so nothing can be added to it"},
    {"{'a':[{'b':[]}]}", "/a/b", "doc:1: /a: this is no object, so nothing can be added to /a/b"},
    {"{'a':{'b':false}}", "/a/b/c",
     "doc:1: /a/b: this is no object, so nothing can be added to /a/b/c"},
    /* refused as everywhere */
    {"", "/a", "doc: the document is empty"},
    {" \n", "/a", "doc: the document is empty"},
    {"{'a':[]", "/a", "doc:1: the text ends in the middle of an object"},
    {"{'a':[0,", "/a", "doc:1: /a: the text ends in the middle of an array"},
    {"{'a':[]} {}", "/a", "doc:1: there is more text behind the end of the document"},
    {"{'a':[]}x", "/a", "doc:1: there is more text behind the end of the document"},
    {"{'a':[],'a':[]}", "/a", "doc:1: the name \"a\" stands twice in one object"},
    {"{'x':{'y':1,'\\u0079':2}}", "/a", "doc:1: /x: the name \"y\" stands twice in one object"},
    {"{'x':'\\u0000'}", "/a",
     "doc:1: /x: the string holds a NUL (\\u0000), which no name, path or value may"},
    {"{'x':'\xff'}", "/a", "doc:1: /x: the text is not valid UTF-8 here"},
    {"{'a':[],}", "/a",
     "doc:1: not valid JSON: parse error: invalid object key (must be a string)"},
    {"{/**/}", "/a",
     "doc:1: not valid JSON: lexical error: probable comment found in input text, comments are "
     "not enabled"},
};

/* ' stands for " in the rows, but not in messages. */
static char *quoted(const char *s)
{
	char *copy = strdup(s);

	assert_non_null(copy);
	for (char *c = copy; strncmp(s, "doc:", 4) != 0 && *c; c++)
		if (*c == '\'')
			*c = '"';
	return copy;
}

static void test_rows(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *doc = quoted(rows[i].doc), *want = quoted(rows[i].want);
		char *got = edit(doc, strlen(doc), rows[i].pointer, "1,{}");

		if (strcmp(got, want) != 0) {
			print_error("%s\n   got  %s\n   want %s\n", doc, got, want);
			wrong++;
		}
		free(got);
		free(want);
		free(doc);
	}
	assert_int_equal(wrong, 0);
}

/* A result is a document again: more goes behind what was added. */
static void test_again(void **state)
{
	char *once = edit("{}", 2, "/a/b", "1"), *twice, *other;

	(void)state;
	twice = edit(once, strlen(once), "/a/b", "2");
	assert_string_equal(twice, "{\"a\":{\"b\":[1,2]}}");
	other = edit(twice, strlen(twice), "/a/c/d", "3");
	assert_string_equal(other, "{\"a\":{\"b\":[1,2],\"c\":{\"d\":[3]}}}");
	free(once);
	free(twice);
	free(other);
}

/* Sixty-four levels beside the array, and one too many. */
static void test_levels(void **state)
{
	static const struct {
		int levels;
		const char *want; /* NULL: accepted */
	} deep[] = {{63, NULL}, {64, "more than 64 levels of arrays and objects"}};

	(void)state;
	for (size_t i = 0; i < COUNT(deep); i++) {
		struct text doc = {0}, want = {0};
		char *got;

		text_puts(&doc, "{\"x\":");
		for (int k = 0; k < deep[i].levels; k++)
			text_puts(&doc, "[");
		for (int k = 0; k < deep[i].levels; k++)
			text_puts(&doc, "]");
		text_printf(&want, "%s,\"a\":[9]}", doc.s);
		text_puts(&doc, "}");
		got = edit(doc.s, doc.len, "/a", "9");
		if (!deep[i].want)
			assert_string_equal(got, want.s);
		else if (!strstr(got, deep[i].want))
			fail_msg("%d levels: %s", deep[i].levels, got);
		free(got);
		text_free(&doc);
		text_free(&want);
	}
}

/* A document that is just small enough with what is added; one byte more is refused. */
static void test_size(void **state)
{
	static const char head[] = "{\"x\":\"", tail[] = "\"}", added[] = ",\"a\":[9]";
	const size_t most = JSON_MAX_BYTES - (sizeof(added) - 1);
	char *doc = malloc(JSON_MAX_BYTES + 1), *got;

	(void)state;
	assert_non_null(doc);
	for (size_t len = most; len <= JSON_MAX_BYTES + 1;
	     len += len == most ? 1 : sizeof(added) - 1) {
		memset(doc, 'x', len);
		memcpy(doc, head, sizeof(head) - 1);
		memcpy(doc + len - (sizeof(tail) - 1), tail, sizeof(tail) - 1);
		got = edit(doc, len, "/a", "9");
		if (len == most) {
			assert_int_equal(strlen(got), JSON_MAX_BYTES);
			assert_memory_equal(got, doc, len - 1);
			assert_string_equal(got + len - 1, ",\"a\":[9]}");
		} else if (len <= JSON_MAX_BYTES) {
			assert_string_equal(got, "doc: with what is added to /a it has 16777217 "
						 "bytes, more than 16 MiB, the most that is "
						 "accepted");
		} else {
			assert_string_equal(got, "doc: 16777217 bytes, larger than 16 MiB, the "
						 "most that is accepted");
		}
		free(got);
	}
	free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_again),
	    cmocka_unit_test(test_levels),
	    cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
