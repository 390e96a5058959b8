/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-unitprop - properties of every type: written, read back, shown, compared
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "hook/unitprop.h"
#include "oci/jsonw.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct unit_item allow[] = {{.key = "/dev/char/10:232", .text = "rwm"},
				   {.key = "block-*", .text = "m"}};
static struct unit_item rates[] = {{.key = "/dev/block/8:0", .number = 1048576},
				   {.key = "/dev/block/8:16", .number = UNITPROP_INFINITY}};
static struct unit_item slices[] = {{.key = "a.slice"}, {.key = "b.slice"}};
static struct unit_item pids[] = {{.number = 4242}, {.number = UINT32_MAX}};
static const unsigned char mask[] = {0x0f, 0, 0xff};

static const struct {
	struct unit_property p;
	const char *json, *text;
} rows[] = {
    {{.name = "Delegate", .type = "b", .number = 1, .why = "default"},
     "{\"name\":\"Delegate\",\"type\":\"b\",\"value\":true,\"why\":\"default\"}",
     "yes"},
    {{.name = "Delegate", .type = "b", .why = "default"},
     "{\"name\":\"Delegate\",\"type\":\"b\",\"value\":false,\"why\":\"default\"}",
     "no"},
    {{.name = "MemoryMax", .type = "t", .number = 536870912, .why = "/r"},
     "{\"name\":\"MemoryMax\",\"type\":\"t\",\"value\":536870912,\"why\":\"/r\"}",
     "536870912"},
    {{.name = "TasksMax", .type = "t", .number = UNITPROP_INFINITY, .why = "/r"},
     "{\"name\":\"TasksMax\",\"type\":\"t\",\"value\":18446744073709551615,\"why\":\"/r\"}",
     "infinity"},
    {{.name = "DevicePolicy", .type = "s", .text = "strict", .why = "/r"},
     "{\"name\":\"DevicePolicy\",\"type\":\"s\",\"value\":\"strict\",\"why\":\"/r\"}",
     "\"strict\""},
    {{.name = "Wants", .type = "as", .items = slices, .n_items = 2, .why = "/r"},
     "{\"name\":\"Wants\",\"type\":\"as\",\"value\":[\"a.slice\",\"b.slice\"],\"why\":\"/r\"}",
     "[a.slice, b.slice]"},
    {{.name = "PIDs", .type = "au", .items = pids, .n_items = 2, .why = "/r"},
     "{\"name\":\"PIDs\",\"type\":\"au\",\"value\":[4242,4294967295],\"why\":\"/r\"}",
     "[4242, 4294967295]"},
    {{.name = "AllowedCPUs", .type = "ay", .bytes = mask, .n_bytes = 3, .why = "/r"},
     "{\"name\":\"AllowedCPUs\",\"type\":\"ay\",\"value\":[15,0,255],\"why\":\"/r\"}",
     "[0f 00 ff]"},
    {{.name = "DeviceAllow", .type = "a(ss)", .items = allow, .n_items = 2, .why = "/r"},
     "{\"name\":\"DeviceAllow\",\"type\":\"a(ss)\",\"value\":[[\"/dev/char/10:232\",\"rwm\"],"
     "[\"block-*\",\"m\"]],\"why\":\"/r\"}",
     "[/dev/char/10:232 rwm, block-* m]"},
    {{.name = "IOReadBandwidthMax", .type = "a(st)", .items = rates, .n_items = 2, .why = "/r"},
     "{\"name\":\"IOReadBandwidthMax\",\"type\":\"a(st)\",\"value\":[[\"/dev/block/8:0\",1048576],"
     "[\"/dev/block/8:16\",18446744073709551615]],\"why\":\"/r\"}",
     "[/dev/block/8:0 1048576, /dev/block/8:16 infinity]"},
    {{.name = "DeviceAllow", .type = "a(ss)", .why = "/r"},
     "{\"name\":\"DeviceAllow\",\"type\":\"a(ss)\",\"value\":[],\"why\":\"/r\"}",
     "[]"},
    {{.name = "AllowedCPUs", .type = "ay"},
     "{\"name\":\"AllowedCPUs\",\"type\":\"ay\",\"value\":[]}",
     "[]"},
};

static void write_one(struct text *out, const struct unit_property *p)
{
	struct unit_property copy = *p;
	const struct unit_properties list = {&copy, 1};
	struct jsonw w = {.out = out};

	unitprop_json(&w, NULL, &list);
}

static void test_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = {0};
		struct text got = {0};

		write_one(&got, &rows[i].p);
		assert_string_equal(got.s, arena_printf(&a, "[%s]", rows[i].json));
		text_free(&got);
		arena_free(&a);
	}
}

static void test_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text got = {0};

		unitprop_text(&rows[i].p, &got);
		assert_string_equal(got.s, rows[i].text);
		text_free(&got);
	}
}

static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = {0};
		struct text json = {0};
		struct unit_properties got = {0};
		struct error e = {0};

		write_one(&json, &rows[i].p);
		if (unitprop_parse(&got, &a, "record", json.s, json.len, &e) < 0)
			fail_msg("%s: %s", json.s, e.text);
		assert_int_equal(got.n, 1);
		assert_string_equal(got.list[0].name, rows[i].p.name);
		if (rows[i].p.why)
			assert_string_equal(got.list[0].why, rows[i].p.why);
		else
			assert_null(got.list[0].why);
		if (!unitprop_equal(&got.list[0], &rows[i].p))
			fail_msg("%s: read back as something else", json.s);
		text_free(&json);
		arena_free(&a);
	}
}

/* Each row has another value or type than all others. */
static void test_equal(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t k = 0; k < COUNT(rows); k++)
			if (unitprop_equal(&rows[i].p, &rows[k].p) != (i == k))
				fail_msg("rows %zu and %zu", i, k);
}

static void test_equal_details(void **state)
{
	struct unit_item swapped[] = {allow[1], allow[0]}, other[] = {rates[0], rates[1]};
	struct unit_item named[] = {{.key = "a.slice", .number = 7}, {.key = "b.slice"}};
	const struct unit_property a = {.type = "a(ss)", .items = allow, .n_items = 2, .why = "x"},
				   b = {.type = "a(ss)", .items = swapped, .n_items = 2},
				   c = {.type = "a(st)", .items = rates, .n_items = 2},
				   d = {.type = "a(st)", .items = other, .n_items = 2},
				   s = {.type = "as", .items = slices, .n_items = 2},
				   t = {.type = "as", .items = named, .n_items = 2},
				   u = {.type = "a{sv}"};
	struct unit_property same = a;

	(void)state;
	same.name = "Other";
	same.why = NULL;
	assert_true(unitprop_equal(&a, &same));
	assert_false(unitprop_equal(&a, &b));
	assert_true(unitprop_equal(&c, &d));
	other[1].number--;
	assert_false(unitprop_equal(&c, &d));
	assert_true(unitprop_equal(&s, &t)); /* a number is no part of "as" */
	assert_false(unitprop_equal(&u, &u));
}

/* A mask as it was sent, and as systemd returns it: in words of eight bytes. */
static void test_equal_masks(void **state)
{
	static const unsigned char words[16] = {0x0f, 0, 0xff};
	static const unsigned char beyond[16] = {0x0f, 0, 0xff, [15] = 1};
	static const struct {
		struct unit_property a, b;
		bool want;
	} pairs[] = {
	    {{.bytes = mask, .n_bytes = 3}, {.bytes = words, .n_bytes = 8}, true},
	    {{.bytes = mask, .n_bytes = 3}, {.bytes = words, .n_bytes = 16}, true},
	    {{.bytes = mask, .n_bytes = 3}, {.bytes = beyond, .n_bytes = 15}, true},
	    {{.bytes = mask, .n_bytes = 3}, {.bytes = beyond, .n_bytes = 16}, false},
	    {{.bytes = mask, .n_bytes = 1}, {.bytes = words, .n_bytes = 2}, true},
	    {{.bytes = mask, .n_bytes = 1}, {.bytes = words, .n_bytes = 3}, false},
	    {{.n_bytes = 0}, {.bytes = words + 3, .n_bytes = 8}, true},
	    {{.n_bytes = 0}, {.bytes = words, .n_bytes = 8}, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct unit_property a = pairs[i].a, b = pairs[i].b;

		a.type = b.type = "ay";
		if (unitprop_equal(&a, &b) != pairs[i].want ||
		    unitprop_equal(&b, &a) != pairs[i].want)
			fail_msg("pair %zu", i);
	}
}

/* systemd says infinity of a period that nobody has set, which is that of 100 ms. */
static void test_equal_periods(void **state)
{
	static const struct {
		const char *name;
		uint64_t a, b;
		bool want;
	} pairs[] = {
	    {"CPUQuotaPeriodUSec", UNITPROP_INFINITY, 100000, true},
	    {"CPUQuotaPeriodUSec", UNITPROP_INFINITY, UNITPROP_INFINITY, true},
	    {"CPUQuotaPeriodUSec", UNITPROP_INFINITY, 50000, false},
	    {"CPUQuotaPerSecUSec", UNITPROP_INFINITY, 100000, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		const struct unit_property a = {.name = pairs[i].name,
						.type = "t",
						.number = pairs[i].a},
					   b = {.name = pairs[i].name,
						.type = "t",
						.number = pairs[i].b};

		if (unitprop_equal(&a, &b) != pairs[i].want ||
		    unitprop_equal(&b, &a) != pairs[i].want)
			fail_msg("pair %zu", i);
	}
}

static void test_find(void **state)
{
	struct unit_property list[] = {{.name = "DeviceAllow", .number = 1},
				       {.name = "DevicePolicy"},
				       {.name = "DeviceAllow", .number = 2}};
	const struct unit_properties p = {list, 3}, none = {0};

	(void)state;
	assert_ptr_equal(unitprop_find(&p, "DeviceAllow"), &list[2]);
	assert_ptr_equal(unitprop_find(&p, "DevicePolicy"), &list[1]);
	assert_null(unitprop_find(&p, "Device"));
	assert_null(unitprop_find(&none, "DeviceAllow"));
}

#define P(type, value) "[{\"name\":\"N\",\"type\":\"" type "\",\"value\":" value "}]"

static const struct {
	const char *json, *want;
} refused[] = {
    {"{}", "expected an array of properties"},
    {"[1]", "/0: 1 is a number"},
    {"[{\"type\":\"b\",\"value\":true}]", "\"name\" is missing"},
    {"[{\"name\":\"N\",\"value\":true}]", "\"type\" is missing"},
    {"[{\"name\":\"N\",\"type\":\"b\"}]", "\"value\" is missing"},
    {"[{\"name\":\"N\",\"type\":\"b\",\"value\":true,\"x\":1}]", "unknown name \"x\""},
    {P("v", "1"), "/0/type: \"v\" is no type known here"},
    {P("a{sv}", "[]"), "/0/type"},
    {P("b", "1"), "/0/value: 1 is a number, expected true or false"},
    {P("t", "-1"), "/0/value: -1 is negative"},
    {P("t", "18446744073709551616"), "/0/value"},
    {P("t", "\"1\""), "/0/value"},
    {P("s", "7"), "/0/value: 7 is a number, expected a string"},
    {P("as", "[1]"), "/0/value/0: expected a string"},
    {P("au", "[4294967296]"), "/0/value/0: expected an integer from 0 to 4294967295"},
    {P("au", "[-1]"), "/0/value/0: expected an integer"},
    {P("ay", "[1,256]"), "/0/value/1: expected an integer from 0 to 255"},
    {P("ay", "\"AA\""), "/0/value"},
    {P("a(ss)", "[[\"/dev/null\"]]"), "/0/value/0: expected an array of two"},
    {P("a(ss)", "[[\"a\",\"b\",\"c\"]]"), "/0/value/0: expected an array of two"},
    {P("a(ss)", "[\"/dev/null\"]"), "/0/value/0: expected an array of two"},
    {P("a(ss)", "[[\"/dev/null\",7]]"), "/0/value/0/1: expected a string"},
    {P("a(st)", "[[7,\"/dev/null\"]]"), "/0/value/0/0: expected a string"},
    {P("a(st)", "[[\"/dev/sda\",1.5]]"), "/0/value/0/1: expected an integer"},
    {"[{\"name\":\"N\"", "record"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct arena a = {0};
		struct unit_properties got = {.n = 77};
		struct error e = {0};
		const char *json = refused[i].json;

		if (unitprop_parse(&got, &a, "record", json, strlen(json), &e) == 0)
			fail_msg("%s: taken", json);
		if (!strstr(e.text, refused[i].want) || strncmp(e.text, "record", 6) != 0)
			fail_msg("%s: want %s, got %s", json, refused[i].want, e.text);
		assert_int_equal(e.kind, ERROR_HOST);
		assert_int_equal(got.n, 77); /* untouched */
		assert_int_equal(unitprop_parse(&got, &a, "record", json, strlen(json), NULL), -1);
		arena_free(&a);
	}
}

/* A list has its order and its place in an object. */
static void test_list(void **state)
{
	struct unit_property list[] = {{.name = "A", .type = "b", .why = "x"},
				       {.name = "B", .type = "t", .number = 1, .why = "y"}};
	const struct unit_properties p = {list, 2};
	struct text got = {0};
	struct jsonw w = {.out = &got, .pretty = true};

	(void)state;
	jsonw_object(&w, NULL);
	unitprop_json(&w, "properties", &p);
	jsonw_end_object(&w);
	assert_string_equal(
	    got.s, "{\n"
		   "  \"properties\": [\n"
		   "    {\"name\": \"A\", \"type\": \"b\", \"value\": false, \"why\": \"x\"},\n"
		   "    {\"name\": \"B\", \"type\": \"t\", \"value\": 1, \"why\": \"y\"}\n"
		   "  ]\n"
		   "}");
	text_free(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_json),    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_list),    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_equal),   cmocka_unit_test(test_equal_details),
	    cmocka_unit_test(test_find),    cmocka_unit_test(test_equal_periods),
	    cmocka_unit_test(test_refused), cmocka_unit_test(test_equal_masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
