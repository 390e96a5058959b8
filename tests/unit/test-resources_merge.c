/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-resources_merge - settings, a change, and the settings after it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oci/resources_json.h"
#include "oci/resources_merge.h"

static void read_text(struct oci_resources *ret, struct arena *a, const char *s)
{
	static const struct json_options o = {.name = "doc"};
	struct json *root;
	struct error e;

	if (json_parse(&root, NULL, a, s, strlen(s), &o, &e) < 0 ||
	    oci_resources_read(ret, root, a, &e) < 0) {
		fail_msg("%s\n   %s", s, e.text);
		abort(); /* not reached; says that ret is set behind this */
	}
}

static const char *write_text(const struct oci_resources *r, struct arena *a)
{
	struct text t = {0};
	struct jsonw w = {.out = &t};
	const char *copy;

	oci_resources_json(&w, NULL, r);
	copy = arena_copy(a, t.s, t.len);
	text_free(&t);
	return copy;
}

/* --- rows: the inner part of three linux.resources objects --- */

struct row {
	const char *base, *change, *want;
};

/* The result, and what a merge must leave alone: the change, and the lists that base had. */
static void check_row(const struct row *row)
{
	struct arena a = {0};
	struct oci_resources base, before, change;
	const char *base_text, *change_text, *got;
	const char *want = arena_printf(&a, "{%s}", row->want);

	read_text(&base, &a, arena_printf(&a, "{%s}", row->base));
	read_text(&change, &a, arena_printf(&a, "{%s}", row->change));
	base.base = "/stays";
	before = base;
	base_text = write_text(&base, &a);
	change_text = write_text(&change, &a);
	oci_resources_merge(&base, &change, &a);
	got = write_text(&base, &a);
	if (strcmp(got, want) != 0)
		fail_msg("%s\n   with %s\n   got  %s\n   want %s", row->base, row->change, got,
			 want);
	assert_string_equal(base.base, "/stays");
	if (strcmp(write_text(&before, &a), base_text) != 0)
		fail_msg("%s\n   with %s: the old lists were written to", row->base, row->change);
	if (strcmp(write_text(&change, &a), change_text) != 0)
		fail_msg("%s\n   with %s: the change was written to", row->base, row->change);
	arena_free(&a);
}

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_row(&rows[i]);
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof(*(rows)))

static void test_scalars(void **state)
{
	static const struct row rows[] = {
	    {"", "", ""},
	    {"\"memory\":{\"limit\":5}", "", "\"memory\":{\"limit\":5}"},
	    {"", "\"memory\":{\"limit\":5}", "\"memory\":{\"limit\":5}"},
	    {"\"memory\":{\"limit\":5}", "\"memory\":{\"limit\":6}", "\"memory\":{\"limit\":6}"},
	    /* runc's template for update is full of zeros that ask for nothing. */
	    {"\"memory\":{\"limit\":5}", "\"memory\":{\"limit\":0}", "\"memory\":{\"limit\":5}"},
	    {"\"cpu\":{\"shares\":5,\"quota\":6000,\"period\":7000}",
	     "\"cpu\":{\"shares\":0,\"quota\":0,\"period\":0}",
	     "\"cpu\":{\"shares\":5,\"quota\":6000,\"period\":7000}"},
	    {"\"blockIO\":{\"weight\":10}", "\"blockIO\":{\"weight\":0}",
	     "\"blockIO\":{\"weight\":10}"},
	    /* Some have a zero that means zero. */
	    {"\"cpu\":{\"burst\":5,\"idle\":1}", "\"cpu\":{\"burst\":0,\"idle\":0}",
	     "\"cpu\":{\"burst\":0,\"idle\":0}"},
	    {"\"memory\":{\"limit\":5}", "\"memory\":{\"limit\":null}", "\"memory\":{\"limit\":5}"},
	    {"\"memory\":{\"limit\":5}", "\"memory\":{}", "\"memory\":{\"limit\":5}"},
	    {"\"memory\":{\"limit\":5,\"swappiness\":60}", "\"memory\":{\"swappiness\":0}",
	     "\"memory\":{\"limit\":5,\"swappiness\":0}"},
	    {"\"memory\":{\"disableOOMKiller\":true}", "\"memory\":{\"disableOOMKiller\":false}",
	     "\"memory\":{\"disableOOMKiller\":false}"},
	    {"\"memory\":{\"useHierarchy\":true}", "\"memory\":{\"checkBeforeUpdate\":true}",
	     "\"memory\":{\"useHierarchy\":true,\"checkBeforeUpdate\":true}"},
	    {"\"cpu\":{\"quota\":20000,\"period\":100000}", "\"cpu\":{\"quota\":50000}",
	     "\"cpu\":{\"quota\":50000,\"period\":100000}"},
	    {"\"cpu\":{\"quota\":20000,\"period\":100000}", "\"cpu\":{\"period\":50000}",
	     "\"cpu\":{\"quota\":20000,\"period\":50000}"},
	    {"\"cpu\":{\"cpus\":\"0-3\",\"mems\":\"0\"}", "\"cpu\":{\"cpus\":\"1\",\"mems\":\"\"}",
	     "\"cpu\":{\"cpus\":\"1\",\"mems\":\"0\"}"},
	    {"\"cpu\":{\"cpus\":\"0-3\",\"mems\":\"0\"}", "\"cpu\":{\"cpus\":\"\",\"mems\":\"1\"}",
	     "\"cpu\":{\"cpus\":\"0-3\",\"mems\":\"1\"}"},
	    {"", "\"cpu\":{\"cpus\":\"\"}", ""},
	    {"\"cpu\":{\"idle\":1}", "\"pids\":{\"limit\":9}",
	     "\"cpu\":{\"idle\":1},\"pids\":{\"limit\":9}"},
	    {"\"pids\":{\"limit\":9}", "\"pids\":{\"limit\":-1}", "\"pids\":{\"limit\":-1}"},
	    {"\"blockIO\":{\"weight\":10,\"leafWeight\":20}", "\"blockIO\":{\"weight\":30}",
	     "\"blockIO\":{\"weight\":30,\"leafWeight\":20}"},
	    {"\"network\":{\"classID\":1}", "\"network\":{\"classID\":0}",
	     "\"network\":{\"classID\":1}"},
	};

	(void)state;
	CHECK(rows);
}

static void test_swap(void **state)
{
	static const struct row rows[] = {
	    {"\"memory\":{\"limit\":5,\"swap\":9}", "\"memory\":{\"limit\":-1}",
	     "\"memory\":{\"limit\":-1,\"swap\":-1}"},
	    {"\"memory\":{\"limit\":5,\"swap\":9}", "\"memory\":{\"limit\":-1,\"swap\":8}",
	     "\"memory\":{\"limit\":-1,\"swap\":8}"},
	    {"\"memory\":{\"limit\":5,\"swap\":9}", "\"memory\":{\"limit\":7}",
	     "\"memory\":{\"limit\":7,\"swap\":9}"},
	    {"\"memory\":{\"limit\":-1,\"swap\":9}", "\"memory\":{\"reservation\":1}",
	     "\"memory\":{\"limit\":-1,\"reservation\":1,\"swap\":9}"},
	    {"\"memory\":{\"limit\":5}", "\"memory\":{\"limit\":-1}", "\"memory\":{\"limit\":-1}"},
	    {"\"memory\":{\"limit\":5,\"swap\":0}", "\"memory\":{\"limit\":-1}",
	     "\"memory\":{\"limit\":-1,\"swap\":0}"},
	};

	(void)state;
	CHECK(rows);
}

/* The members of an entry of weightDevice. */
#define W8_0 "{\"major\":8,\"minor\":0,"
#define W8_1 "{\"major\":8,\"minor\":1,"
#define W9_0 "{\"major\":9,\"minor\":0,"

static void test_blkio(void **state)
{
	static const struct row rows[] = {
	    {"\"blockIO\":{\"weightDevice\":[" W8_0 "\"weight\":1}]}",
	     "\"blockIO\":{\"weightDevice\":[]}",
	     "\"blockIO\":{\"weightDevice\":[" W8_0 "\"weight\":1}]}"},
	    {"", "\"blockIO\":{\"weightDevice\":[" W8_0 "\"weight\":1}]}",
	     "\"blockIO\":{\"weightDevice\":[" W8_0 "\"weight\":1}]}"},
	    /* The first keeps its place, the second stays, the new ones follow in their order. */
	    {"\"blockIO\":{\"weightDevice\":[" W8_0 "\"weight\":1}," W8_1 "\"weight\":2}]}",
	     "\"blockIO\":{\"weightDevice\":[" W9_0 "\"weight\":5},{\"major\":9,\"minor\":1,"
	     "\"weight\":6}," W8_0 "\"weight\":3}]}",
	     "\"blockIO\":{\"weightDevice\":[" W8_0 "\"weight\":3}," W8_1 "\"weight\":2}," W9_0
	     "\"weight\":5},{\"major\":9,\"minor\":1,\"weight\":6}]}"},
	    {"\"blockIO\":{\"weightDevice\":[" W8_0 "\"weight\":1,\"leafWeight\":2}," W8_1
	     "\"weight\":3}]}",
	     "\"blockIO\":{\"weightDevice\":[" W8_0 "\"leafWeight\":4}," W8_1 "\"leafWeight\":5}]}",
	     "\"blockIO\":{\"weightDevice\":[" W8_0 "\"weight\":1,\"leafWeight\":4}," W8_1
	     "\"weight\":3,\"leafWeight\":5}]}"},
	    {"\"blockIO\":{\"weightDevice\":[" W8_0 "\"weight\":1,\"leafWeight\":2}]}",
	     "\"blockIO\":{\"weightDevice\":[" W8_0 "\"weight\":0}]}",
	     "\"blockIO\":{\"weightDevice\":[" W8_0 "\"weight\":1,\"leafWeight\":2}]}"},
	    /* Of two with one key, the last is in force. */
	    {"\"blockIO\":{\"weightDevice\":[" W8_0 "\"weight\":1}," W8_0 "\"weight\":2}]}",
	     "\"blockIO\":{\"weightDevice\":[" W8_0 "\"weight\":3}]}",
	     "\"blockIO\":{\"weightDevice\":[" W8_0 "\"weight\":1}," W8_0 "\"weight\":3}]}"},
	    {"", "\"blockIO\":{\"weightDevice\":[" W8_0 "\"weight\":1}," W8_0 "\"weight\":2}]}",
	     "\"blockIO\":{\"weightDevice\":[" W8_0 "\"weight\":2}]}"},
	};

	(void)state;
	CHECK(rows);
}

/* One list of throttles with entries of one device each: T(list, entries). */
#define T(list, entries) "\"" list "\":[" entries "]"
#define READS            "throttleReadBpsDevice"
#define WRITES           "throttleWriteBpsDevice"

static void test_throttles(void **state)
{
	static const struct row rows[] = {
	    {"\"blockIO\":{" T(READS, W8_0 "\"rate\":1}," W8_1 "\"rate\":2}") "}",
	     "\"blockIO\":{" T(READS, W9_0 "\"rate\":3}," W8_1 "\"rate\":4}") "}",
	     "\"blockIO\":{" T(READS,
			       W8_0 "\"rate\":1}," W8_1 "\"rate\":4}," W9_0 "\"rate\":3}") "}"},
	    /* The lists do not mix. */
	    {"\"blockIO\":{" T(READS, W8_0 "\"rate\":1}") "," T(WRITES, W8_0 "\"rate\":2}") "}",
	     "\"blockIO\":{" T(WRITES, W8_0 "\"rate\":3}") "}",
	     "\"blockIO\":{" T(READS, W8_0 "\"rate\":1}") "," T(WRITES, W8_0 "\"rate\":3}") "}"},
	    {"\"blockIO\":{" T("throttleReadIOPSDevice", W8_0 "\"rate\":1}") "}",
	     "\"blockIO\":{" T("throttleReadIOPSDevice", W8_0 "\"rate\":5}") "," T(
		 "throttleWriteIOPSDevice", W8_0 "\"rate\":6}") "}",
	     "\"blockIO\":{" T("throttleReadIOPSDevice", W8_0 "\"rate\":5}") "," T(
		 "throttleWriteIOPSDevice", W8_0 "\"rate\":6}") "}"},
	};

	(void)state;
	CHECK(rows);
}

#define H2M(limit) "{\"pageSize\":\"2MB\",\"limit\":" limit "}"
#define H1G(limit) "{\"pageSize\":\"1GB\",\"limit\":" limit "}"

static void test_other_lists(void **state)
{
	static const struct row rows[] = {
	    {"\"hugepageLimits\":[" H2M("1") "]", "\"hugepageLimits\":[" H1G("2") "," H2M("0") "]",
	     "\"hugepageLimits\":[" H2M("0") "," H1G("2") "]"},
	    {"\"hugepageLimits\":[" H2M("1") "]", "\"hugepageLimits\":[]",
	     "\"hugepageLimits\":[" H2M("1") "]"},
	    {"\"rdma\":{\"a\":{\"hcaHandles\":1,\"hcaObjects\":2},\"b\":{\"hcaHandles\":3}}",
	     "\"rdma\":{\"c\":{\"hcaHandles\":9},\"b\":{\"hcaObjects\":4},"
	     "\"a\":{\"hcaHandles\":5}}",
	     "\"rdma\":{\"a\":{\"hcaHandles\":5,\"hcaObjects\":2},"
	     "\"b\":{\"hcaHandles\":3,\"hcaObjects\":4},\"c\":{\"hcaHandles\":9}}"},
	    {"\"network\":{\"classID\":7,\"priorities\":[{\"name\":\"eth0\",\"priority\":1},"
	     "{\"name\":\"eth1\",\"priority\":2}]}",
	     "\"network\":{\"priorities\":[{\"name\":\"eth2\",\"priority\":3},"
	     "{\"name\":\"eth0\",\"priority\":0}]}",
	     "\"network\":{\"classID\":7,\"priorities\":[{\"name\":\"eth0\",\"priority\":0},"
	     "{\"name\":\"eth1\",\"priority\":2},{\"name\":\"eth2\",\"priority\":3}]}"},
	    {"\"unified\":{\"memory.high\":\"1\",\"io.max\":\"8:0 rbps=1\"}",
	     "\"unified\":{\"pids.max\":\"5\",\"memory.high\":\"max\"}",
	     "\"unified\":{\"memory.high\":\"max\",\"io.max\":\"8:0 rbps=1\",\"pids.max\":\"5\"}"},
	    /* The whole value, even of a file with a line for each device. */
	    {"\"unified\":{\"io.max\":\"8:0 rbps=1\"}", "\"unified\":{\"io.max\":\"8:1 wbps=2\"}",
	     "\"unified\":{\"io.max\":\"8:1 wbps=2\"}"},
	    {"\"unified\":{\"a.b\":\"1\"}", "\"unified\":{\"a.b\":\"\"}",
	     "\"unified\":{\"a.b\":\"\"}"},
	};

	(void)state;
	CHECK(rows);
}

#define DENY  "{\"allow\":false,\"type\":\"a\",\"access\":\"rwm\"}"
#define KVM   "{\"allow\":true,\"type\":\"c\",\"major\":10,\"minor\":232,\"access\":\"rw\"}"
#define NULLS "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"rwm\"}"

static void test_devices(void **state)
{
	static const struct row rows[] = {
	    {"\"devices\":[" DENY "," KVM "]", "\"devices\":[" DENY "," NULLS "]",
	     "\"devices\":[" DENY "," NULLS "]"},
	    {"\"devices\":[" DENY "," KVM "]", "\"devices\":[" NULLS "]",
	     "\"devices\":[" NULLS "]"},
	    {"\"devices\":[" DENY "," KVM "]", "\"devices\":[]", "\"devices\":[" DENY "," KVM "]"},
	    {"\"devices\":[" DENY "," KVM "]", "\"pids\":{\"limit\":1}",
	     "\"pids\":{\"limit\":1},\"devices\":[" DENY "," KVM "]"},
	    {"", "\"devices\":[" DENY "]", "\"devices\":[" DENY "]"},
	};

	(void)state;
	CHECK(rows);
}

/* Every row of the table over nothing, and over another value. */
static void test_scalar_table(void **state)
{
	static const char *const old[] = {
	    [WANT_INT] = "7", [WANT_UINT] = "7", [WANT_BOOL] = "true", [WANT_STRING] = "\"7\""};
	static const char *const new[] = {
	    [WANT_INT] = "8", [WANT_UINT] = "8", [WANT_BOOL] = "false", [WANT_STRING] = "\"8\""};

	(void)state;
	for (const struct oci_scalar *s = oci_scalars; s->name; s++) {
		struct arena a = {0};
		const char *before =
		    arena_printf(&a, "\"%s\":{\"%s\":%s}", s->part, s->name, old[s->want]);
		const char *after =
		    arena_printf(&a, "\"%s\":{\"%s\":%s}", s->part, s->name, new[s->want]);
		struct row rows[] = {
		    {before, after, after}, {"", after, after}, {before, "", before}};

		CHECK(rows);
		arena_free(&a);
	}
}

/* Others append to a list after a merge: there must be room for it. */
static void test_append(void **state)
{
	struct arena a = {0};
	struct oci_resources base, change;
	const char *behind;

	(void)state;
	read_text(&base, &a, "{\"unified\":{\"a.a\":\"1\",\"b.b\":\"2\",\"c.c\":\"3\"}}");
	read_text(&change, &a, "{\"unified\":{\"d.d\":\"4\",\"e.e\":\"5\"}}");
	oci_resources_merge(&base, &change, &a);
	behind = arena_copy(&a, "behind the list in the arena", 28);
	assert_int_equal(base.n_unified, 5);
	*ARENA_APPEND(&a, base.unified, base.n_unified) = (struct oci_unified){"f.f", "6"};
	*ARENA_APPEND(&a, base.unified, base.n_unified) = (struct oci_unified){"g.g", "7"};
	assert_string_equal(behind, "behind the list in the arena");
	assert_string_equal(write_text(&base, &a),
			    "{\"unified\":{\"a.a\":\"1\",\"b.b\":\"2\",\"c.c\":\"3\",\"d.d\":\"4\","
			    "\"e.e\":\"5\",\"f.f\":\"6\",\"g.g\":\"7\"}}");
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_scalars),      cmocka_unit_test(test_swap),
	    cmocka_unit_test(test_blkio),        cmocka_unit_test(test_throttles),
	    cmocka_unit_test(test_other_lists),  cmocka_unit_test(test_devices),
	    cmocka_unit_test(test_scalar_table), cmocka_unit_test(test_append),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
