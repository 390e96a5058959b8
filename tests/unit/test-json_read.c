/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-json_read - values into structs by table, and the messages
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "oci/json.h"
#include "oci/text.h"

struct target {
	struct opt_int any, pid, small;
	struct opt_uint all, percent;
	struct opt_bool flag;
	const char *text, *needed;
	const struct json *list, *map;
};

#define FIELD(text, kind, member, ...)                                                             \
	{                                                                                          \
		.name = text, .want = kind, .offset = offsetof(struct target, member), __VA_ARGS__ \
	}

static const struct json_field fields[] = {
    FIELD("any", WANT_INT, any),
    FIELD("pid", WANT_INT, pid, .max = 100),
    FIELD("small", WANT_INT, small, .min = -1, .max = 5),
    FIELD("all", WANT_UINT, all),
    FIELD("percent", WANT_UINT, percent, .max = 100),
    FIELD("flag", WANT_BOOL, flag),
    FIELD("text", WANT_STRING, text),
    FIELD("list", WANT_ARRAY, list),
    FIELD("map", WANT_OBJECT, map),
    FIELD("needed", WANT_STRING, needed, .required = true),
};

enum { N_FIELDS = sizeof(fields) / sizeof(*fields) };

/* Parse {"o": <text>} and read the object o. */
static int read_into(const char *text, enum json_unknown unknown, struct target *into,
		     struct arena *a, struct error *e)
{
	static const struct json_options o = {.name = "doc"};
	char *doc = arena_printf(a, "{\"o\":\n%s}", text);
	struct json *root;

	if (json_parse(&root, NULL, a, doc, strlen(doc), &o, e) < 0)
		fail_msg("%s", e->text);
	return json_read(root->first, fields, N_FIELDS, unknown, into, e);
}

static void print_int(struct text *t, const char *name, struct opt_int v)
{
	if (v.set)
		text_printf(t, " %s=%lld", name, (long long)v.v);
}

static void print_uint(struct text *t, const char *name, struct opt_uint v)
{
	if (v.set)
		text_printf(t, " %s=%llu", name, (unsigned long long)v.v);
}

/* What was read, as text. */
static void print(struct text *t, const struct target *v)
{
	print_int(t, "any", v->any);
	print_int(t, "pid", v->pid);
	print_int(t, "small", v->small);
	print_uint(t, "all", v->all);
	print_uint(t, "percent", v->percent);
	if (v->flag.set)
		text_printf(t, " flag=%d", v->flag.v);
	if (v->text)
		text_printf(t, " text=%s", v->text);
	if (v->list)
		text_printf(t, " list=%zu", v->list->count);
	if (v->map)
		text_printf(t, " map=%zu", v->map->count);
}

static void test_values(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
	    {"", ""},
	    {"\"any\":0,\"all\":0,\"flag\":false,\"text\":\"\",\"list\":[],\"map\":{},",
	     " any=0 all=0 flag=0 text= list=0 map=0"},
	    {"\"any\":null,\"all\":null,\"flag\":null,\"text\":null,\"list\":null,\"map\":null,",
	     ""},
	    {"\"any\":-9223372036854775808,", " any=-9223372036854775808"},
	    {"\"any\":9223372036854775807,", " any=9223372036854775807"},
	    {"\"all\":18446744073709551615,", " all=18446744073709551615"},
	    {"\"any\":-1,\"pid\":100,\"small\":-1,\"percent\":100,",
	     " any=-1 pid=100 small=-1 percent=100"},
	    {"\"pid\":0,\"small\":5,\"percent\":0,", " pid=0 small=5 percent=0"},
	    {"\"flag\":true,\"text\":\"a b\",\"list\":[1,2],\"map\":{\"k\":1},\"other\":[{}],",
	     " flag=1 text=a b list=2 map=1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = {0};
		struct text t = {0};
		struct error e;
		struct target v;
		char *doc = arena_printf(&a, "{%s\"needed\":\"\"}", rows[i].text);

		memset(&v, 0x55, sizeof(v)); /* absent must be stored, too */
		if (read_into(doc, UNKNOWN_IGNORED, &v, &a, &e) < 0)
			fail_msg("%s\n   got  %s", rows[i].text, e.text);
		text_puts(&t, "");
		print(&t, &v);
		if (strcmp(t.s, rows[i].want))
			fail_msg("%s\n   got  %s\n   want %s", rows[i].text, t.s, rows[i].want);
		text_free(&t);
		arena_free(&a);
	}
}

static const struct refusal {
	const char *text, *want;
} refusals[] = {
    {"{\"any\":\"512M\"}", "/o/any: \"512M\" is a string, expected an integer"},
    {"{\"any\":true}", "/o/any: true is a boolean, expected an integer"},
    {"{\"any\":[1]}", "/o/any: this is an array, expected an integer"},
    {"{\"text\":5}", "/o/text: 5 is a number, expected a string"},
    {"{\"flag\":\"true\"}", "/o/flag: \"true\" is a string, expected true or false"},
    {"{\"flag\":0}", "/o/flag: 0 is a number, expected true or false"},
    {"{\"list\":{}}", "/o/list: this is an object, expected an array"},
    {"{\"map\":[]}", "/o/map: this is an array, expected an object"},
    {"{\"any\":1e3}", "/o/any: 1e3 is not an integer written in digits"},
    {"{\"any\":1.0}", "/o/any: 1.0 is not an integer written in digits"},
    {"{\"any\":-0}", "/o/any: -0 is not an integer written in digits"},
    {"{\"any\":9223372036854775808}", "/o/any: 9223372036854775808 is out of range "
				      "(-9223372036854775808..9223372036854775807)"},
    {"{\"any\":-9223372036854775809}", "/o/any: -9223372036854775809 is out of range "
				       "(-9223372036854775808..9223372036854775807)"},
    {"{\"any\":-18446744073709551617}", "/o/any: -18446744073709551617 is out of range "
					"(-9223372036854775808..9223372036854775807)"},
    {"{\"all\":18446744073709551616}", "/o/all: 18446744073709551616 is out of range "
				       "(0..18446744073709551615)"},
    {"{\"all\":-1}", "/o/all: -1 is negative, expected 0..18446744073709551615"},
    {"{\"percent\":101}", "/o/percent: 101 is out of range (0..100)"},
    {"{\"pid\":101}", "/o/pid: 101 is out of range (0..100)"},
    {"{\"pid\":-1}", "/o/pid: -1 is negative, expected 0..100"},
    {"{\"small\":-2}", "/o/small: -2 is out of range (-1..5)"},
    {"{\"small\":6}", "/o/small: 6 is out of range (-1..5)"},
    {"{\"any\":1}", "/o: \"needed\" is missing"},
    {"{\"needed\":null}", "/o: \"needed\" is missing"},
    {"{\"needed\":\"\",\"Any\":1}",
     "/o/Any: unknown name \"Any\"; known here: any, pid, small, all, percent, flag, text, list, "
     "map, needed"},
    {"[]", "/o: this is an array, expected an object"},
    {"\"x\"", "/o: \"x\" is a string, expected an object"},
    {"null", "/o: this is null, expected an object"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		struct target v, before;
		struct arena a = {0};
		struct error e;
		char want[300];

		memset(&v, 0x55, sizeof(v));
		before = v;
		snprintf(want, sizeof(want), "doc:2: %s", refusals[i].want);
		if (read_into(refusals[i].text, UNKNOWN_REFUSED, &v, &a, &e) == 0)
			fail_msg("%s is accepted", refusals[i].text);
		if (strcmp(e.text, want) || e.kind != ERROR_INPUT)
			fail_msg("%s\n   got  %s\n   want %s", refusals[i].text, e.text, want);
		assert_memory_equal(&v, &before, sizeof(v));
		arena_free(&a);
	}
}

/* An error in the last field leaves the first one alone. */
static void test_all_or_nothing(void **state)
{
	struct target v = {.any = {true, 7}};
	struct arena a = {0};
	struct error e;

	(void)state;
	assert_int_equal(
	    read_into("{\"any\":1,\"needed\":\"\",\"map\":1}", UNKNOWN_IGNORED, &v, &a, &e), -1);
	assert_int_equal(v.any.v, 7);
	arena_free(&a);
}

/* What a message quotes is cut, between characters, so that its end is always there. */
static void test_long(void **state)
{
	static const struct json_options o = {.name = "doc"};
	struct arena a = {0};
	struct text t = {0};
	struct json *root;
	struct error e;
	struct target v;

	(void)state;
	text_puts(&t, "{\"any\":\"");
	for (int i = 0; i < 1000; i++)
		text_puts(&t, "\xe2\x82\xac"); /* three bytes each */
	text_puts(&t, "\"}");
	read_into(t.s, UNKNOWN_IGNORED, &v, &a, &e);
	assert_non_null(strstr(e.text, "\"\xe2\x82\xac"));
	assert_non_null(strstr(e.text, "\xe2\x82\xac...\" is a string, expected an integer"));
	assert_true(strlen(e.text) < 120);
	text_free(&t);

	text_puts(&t, "{\"name");
	for (int i = 0; i < 1000; i++)
		text_puts(&t, "\xe2\x82\xac");
	text_puts(&t, "last\":1}");
	assert_int_equal(json_parse(&root, NULL, &a, t.s, t.len, &o, &e), 0);
	json_error(root->first, &e, "what is wrong");
	assert_non_null(strstr(e.text, "doc:1: /name\xe2\x82\xac"));
	assert_non_null(strstr(e.text, "\xe2\x82\xac...\xe2\x82\xac"));
	assert_non_null(strstr(e.text, "last: what is wrong"));
	text_free(&t);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_all_or_nothing),
	    cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
