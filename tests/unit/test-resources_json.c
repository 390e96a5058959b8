/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-resources_json - what is written is read back as the same value
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oci/resources_json.h"

/* The text of a linux.resources object to its value. */
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

/* --- are two values equal, field by field? --- */

#define SAME(field) (x->field.set == y->field.set && x->field.v == y->field.v)

static bool same_text(const char *x, const char *y)
{
	return x && y ? !strcmp(x, y) : x == y;
}

static const char *differ_scalars(const struct oci_resources *x, const struct oci_resources *y)
{
	const struct {
		const char *name;
		bool same;
	} rows[] = {
	    {"limit", SAME(memory.limit)},
	    {"reservation", SAME(memory.reservation)},
	    {"swap", SAME(memory.swap)},
	    {"kernel", SAME(memory.kernel)},
	    {"kernelTCP", SAME(memory.kernel_tcp)},
	    {"swappiness", SAME(memory.swappiness)},
	    {"disableOOMKiller", SAME(memory.disable_oom_killer)},
	    {"useHierarchy", SAME(memory.use_hierarchy)},
	    {"checkBeforeUpdate", SAME(memory.check_before_update)},
	    {"shares", SAME(cpu.shares)},
	    {"quota", SAME(cpu.quota)},
	    {"period", SAME(cpu.period)},
	    {"burst", SAME(cpu.burst)},
	    {"realtimePeriod", SAME(cpu.realtime_period)},
	    {"realtimeRuntime", SAME(cpu.realtime_runtime)},
	    {"cpus", same_text(x->cpu.cpus, y->cpu.cpus)},
	    {"mems", same_text(x->cpu.mems, y->cpu.mems)},
	    {"idle", SAME(cpu.idle)},
	    {"pids", SAME(pids_limit)},
	    {"blockIO weight", SAME(blkio.weight)},
	    {"blockIO leafWeight", SAME(blkio.leaf_weight)},
	    {"classID", SAME(network.class_id)},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!rows[i].same)
			return rows[i].name;
	return NULL;
}

static const char *differ_blkio(const struct oci_blkio *b, const struct oci_blkio *c)
{
	if (b->n_weight_device != c->n_weight_device)
		return "number of weightDevice";
	for (size_t i = 0; i < b->n_weight_device; i++) {
		const struct oci_blkio_weight *x = &b->weight_device[i];
		const struct oci_blkio_weight *y = &c->weight_device[i];

		if (x->major != y->major || x->minor != y->minor || !SAME(weight) ||
		    !SAME(leaf_weight))
			return "weightDevice";
	}
	for (int k = 0; k < OCI_N_THROTTLES; k++) {
		if (b->n_throttle[k] != c->n_throttle[k])
			return "number of throttles";
		for (size_t i = 0; i < b->n_throttle[k]; i++)
			if (b->throttle[k][i].major != c->throttle[k][i].major ||
			    b->throttle[k][i].minor != c->throttle[k][i].minor ||
			    b->throttle[k][i].rate != c->throttle[k][i].rate)
				return oci_throttle_name[k];
	}
	return NULL;
}

static const char *differ_devices(const struct oci_resources *r, const struct oci_resources *s)
{
	if (r->n_devices != s->n_devices)
		return "number of devices";
	for (size_t i = 0; i < r->n_devices; i++) {
		const struct oci_device_rule *x = &r->devices[i], *y = &s->devices[i];

		if (x->allow != y->allow || x->type != y->type || x->major != y->major ||
		    x->minor != y->minor || x->access != y->access)
			return "devices";
	}
	return NULL;
}

static const char *differ_lists(const struct oci_resources *r, const struct oci_resources *s)
{
	if (r->n_hugepages != s->n_hugepages || r->n_rdma != s->n_rdma ||
	    r->network.n_priorities != s->network.n_priorities || r->n_unified != s->n_unified)
		return "number of entries";
	for (size_t i = 0; i < r->n_hugepages; i++)
		if (strcmp(r->hugepages[i].page_size, s->hugepages[i].page_size) != 0 ||
		    r->hugepages[i].limit != s->hugepages[i].limit)
			return "hugepageLimits";
	for (size_t i = 0; i < r->n_rdma; i++) {
		const struct oci_rdma *x = &r->rdma[i], *y = &s->rdma[i];

		if (strcmp(x->device, y->device) != 0 || !SAME(handles) || !SAME(objects))
			return "rdma";
	}
	for (size_t i = 0; i < r->network.n_priorities; i++)
		if (strcmp(r->network.priorities[i].name, s->network.priorities[i].name) != 0 ||
		    r->network.priorities[i].priority != s->network.priorities[i].priority)
			return "priorities";
	for (size_t i = 0; i < r->n_unified; i++)
		if (strcmp(r->unified[i].key, s->unified[i].key) != 0 ||
		    strcmp(r->unified[i].value, s->unified[i].value) != 0)
			return "unified";
	return NULL;
}

/* NULL, or the first field in which they differ. */
static const char *differ(const struct oci_resources *x, const struct oci_resources *y)
{
	const char *name = differ_scalars(x, y);

	if (!name)
		name = differ_blkio(&x->blkio, &y->blkio);
	if (!name)
		name = differ_devices(x, y);
	return name ? name : differ_lists(x, y);
}

/* --- rows --- */

/* in and, when it is not the same text, what is written for it. */
struct row {
	const char *in, *out;
};

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *want = rows[i].out ? rows[i].out : rows[i].in;
		const char *first, *second, *field;
		struct oci_resources r, again;
		struct arena a = {0};

		read_text(&r, &a, rows[i].in);
		first = write_text(&r, &a);
		if (strcmp(first, want) != 0)
			fail_msg("%s\n   got  %s\n   want %s", rows[i].in, first, want);
		read_text(&again, &a, first);
		field = differ(&r, &again);
		if (field)
			fail_msg("%s\n   was read back with another %s", rows[i].in, field);
		second = write_text(&again, &a);
		if (strcmp(first, second) != 0)
			fail_msg("%s\n   first  %s\n   second %s", rows[i].in, first, second);
		arena_free(&a);
	}
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof(*(rows)))

/* Every field of the schema, with the ends of its range, and nothing beside it. */
static void test_alone(void **state)
{
	static const struct row rows[] = {
	    {"{}", NULL},
	    {"{\"memory\":{\"limit\":-9223372036854775808}}", NULL},
	    {"{\"memory\":{\"limit\":9223372036854775807}}", NULL},
	    {"{\"memory\":{\"reservation\":0}}", NULL},
	    {"{\"memory\":{\"swap\":-1}}", NULL},
	    {"{\"memory\":{\"kernel\":1}}", NULL},
	    {"{\"memory\":{\"kernelTCP\":2}}", NULL},
	    {"{\"memory\":{\"swappiness\":0}}", NULL},
	    {"{\"memory\":{\"swappiness\":18446744073709551615}}", NULL},
	    {"{\"memory\":{\"disableOOMKiller\":true}}", NULL},
	    {"{\"memory\":{\"disableOOMKiller\":false}}", NULL},
	    {"{\"memory\":{\"useHierarchy\":true}}", NULL},
	    {"{\"memory\":{\"useHierarchy\":false}}", NULL},
	    {"{\"memory\":{\"checkBeforeUpdate\":true}}", NULL},
	    {"{\"memory\":{\"checkBeforeUpdate\":false}}", NULL},
	    {"{\"cpu\":{\"shares\":18446744073709551615}}", NULL},
	    {"{\"cpu\":{\"quota\":-1}}", NULL},
	    {"{\"cpu\":{\"period\":0}}", NULL},
	    {"{\"cpu\":{\"burst\":1}}", NULL},
	    {"{\"cpu\":{\"realtimePeriod\":2}}", NULL},
	    {"{\"cpu\":{\"realtimeRuntime\":-3}}", NULL},
	    {"{\"cpu\":{\"cpus\":\"0-3,7\"}}", NULL},
	    {"{\"cpu\":{\"cpus\":\"\"}}", NULL},
	    {"{\"cpu\":{\"mems\":\"0\"}}", NULL},
	    {"{\"cpu\":{\"idle\":0}}", NULL},
	    {"{\"pids\":{\"limit\":0}}", NULL},
	    {"{\"pids\":{\"limit\":-1}}", NULL},
	    {"{\"blockIO\":{\"weight\":65535}}", NULL},
	    {"{\"blockIO\":{\"leafWeight\":0}}", NULL},
	    {"{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":0}]}}", NULL},
	    {"{\"blockIO\":{\"weightDevice\":[{\"major\":4095,\"minor\":1048575,"
	     "\"leafWeight\":9}]}}",
	     NULL},
	    {"{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":0,\"minor\":0,\"rate\":0}]}}",
	     NULL},
	    {"{\"blockIO\":{\"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":1,"
	     "\"rate\":18446744073709551615}]}}",
	     NULL},
	    {"{\"blockIO\":{\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":2,\"rate\":3}]}}",
	     NULL},
	    {"{\"blockIO\":{\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":3,\"rate\":4}]}}",
	     NULL},
	    {"{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":18446744073709551615}]}", NULL},
	    {"{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":0}}}", NULL},
	    {"{\"rdma\":{\"mlx5_1\":{\"hcaObjects\":4294967295}}}", NULL},
	    {"{\"network\":{\"classID\":4294967295}}", NULL},
	    {"{\"network\":{\"priorities\":[{\"name\":\"eth0\",\"priority\":0}]}}", NULL},
	    {"{\"devices\":[{\"allow\":false,\"type\":\"a\",\"access\":\"rwm\"}]}", NULL},
	    {"{\"unified\":{\"memory.high\":\"max\"}}", NULL},
	    {"{\"unified\":{\"io.max\":\"\"}}", NULL},
	};

	(void)state;
	CHECK(rows);
}

/* What can be said in several ways is written in one. */
static void test_forms(void **state)
{
	static const struct row rows[] = {
	    {"{\"memory\":{},\"cpu\":{},\"pids\":{},\"blockIO\":{\"weightDevice\":[],"
	     "\"throttleReadBpsDevice\":[]},\"hugepageLimits\":[],\"rdma\":{},\"network\":"
	     "{\"priorities\":[]},\"devices\":[],\"unified\":{}}",
	     "{}"},
	    {"{\"memory\":null,\"other\":{\"limit\":5},\"cpu\":{\"quota\":null,\"future\":1}}",
	     "{}"},
	    {"{\"pids\":{\"limit\":1},\"memory\":{\"swap\":2,\"limit\":1}}",
	     "{\"memory\":{\"limit\":1,\"swap\":2},\"pids\":{\"limit\":1}}"},
	    {"{\"devices\":[{\"allow\":false}]}",
	     "{\"devices\":[{\"allow\":false,\"type\":\"a\",\"access\":\"rwm\"}]}"},
	    {"{\"devices\":[{\"allow\":true,\"type\":\"c\",\"major\":-1,\"minor\":0,"
	     "\"access\":\"mr\"},{\"allow\":true,\"type\":\"b\",\"major\":0,\"minor\":-1,"
	     "\"access\":\"ww\"},{\"allow\":false,\"type\":\"c\",\"major\":4095,\"minor\":1048575,"
	     "\"access\":\"m\"}]}",
	     "{\"devices\":[{\"allow\":true,\"type\":\"c\",\"minor\":0,\"access\":\"rm\"},"
	     "{\"allow\":true,\"type\":\"b\",\"major\":0,\"access\":\"w\"},"
	     "{\"allow\":false,\"type\":\"c\",\"major\":4095,\"minor\":1048575,"
	     "\"access\":\"m\"}]}"},
	    {"{\"unified\":{\"b.\\u0001\\\"\":\"1\\n2\\\\\",\"a.\\/\":\"\xc3\xbc\"}}",
	     "{\"unified\":{\"b.\\u0001\\\"\":\"1\\n2\\\\\",\"a./\":\"\xc3\xbc\"}}"},
	    {"{\"rdma\":{\"\":{\"hcaHandles\":1,\"hcaObjects\":2}}}", NULL},
	};

	(void)state;
	CHECK(rows);
}

/* --- all at once --- */

#define FULL                                                                                       \
	"{\"memory\":{\"limit\":1,\"reservation\":2,\"swap\":3,\"kernel\":4,\"kernelTCP\":5,"      \
	"\"swappiness\":6,\"disableOOMKiller\":true,\"useHierarchy\":false,"                       \
	"\"checkBeforeUpdate\":true},\"cpu\":{\"shares\":7,\"quota\":8,\"period\":9,\"burst\":10," \
	"\"realtimePeriod\":11,\"realtimeRuntime\":12,\"cpus\":\"13\",\"mems\":\"14\","            \
	"\"idle\":15},\"pids\":{\"limit\":16},\"blockIO\":{\"weight\":17,\"leafWeight\":18,"       \
	"\"weightDevice\":[{\"major\":19,\"minor\":20,\"weight\":21,\"leafWeight\":22},"           \
	"{\"major\":1,\"minor\":2,\"leafWeight\":3}],"                                             \
	"\"throttleReadBpsDevice\":[{\"major\":23,\"minor\":24,\"rate\":25},"                      \
	"{\"major\":9,\"minor\":8,\"rate\":7}],"                                                   \
	"\"throttleWriteBpsDevice\":[{\"major\":26,\"minor\":27,\"rate\":28}],"                    \
	"\"throttleReadIOPSDevice\":[{\"major\":29,\"minor\":30,\"rate\":31}],"                    \
	"\"throttleWriteIOPSDevice\":[{\"major\":32,\"minor\":33,\"rate\":34}]},"                  \
	"\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":35},"                                 \
	"{\"pageSize\":\"1GB\",\"limit\":36}],"                                                    \
	"\"rdma\":{\"z\":{\"hcaHandles\":37,\"hcaObjects\":38},\"a\":{\"hcaObjects\":39}},"        \
	"\"network\":{\"classID\":40,\"priorities\":[{\"name\":\"eth1\",\"priority\":41},"         \
	"{\"name\":\"eth0\",\"priority\":42}]},"                                                   \
	"\"devices\":[{\"allow\":false,\"type\":\"a\",\"access\":\"rwm\"},{\"allow\":true,"        \
	"\"type\":\"c\",\"major\":43,\"minor\":44,\"access\":\"rw\"}],"                            \
	"\"unified\":{\"z.b\":\"45\",\"a.b\":\"46\"}}"

static void test_full(void **state)
{
	static const struct row rows[] = {{FULL, NULL}};

	(void)state;
	CHECK(rows);
}

#define IS(field, value)                           \
	do {                                       \
		assert_true((field).set);          \
		assert_true((field).v == (value)); \
	} while (0)

/* The comparison above would not see a field that both sides lose, so here are the values. */
static void test_full_scalars(void **state)
{
	struct oci_resources first, r;
	struct arena a = {0};

	(void)state;
	read_text(&first, &a, FULL);
	read_text(&r, &a, write_text(&first, &a));
	IS(r.memory.limit, 1);
	IS(r.memory.reservation, 2);
	IS(r.memory.swap, 3);
	IS(r.memory.kernel, 4);
	IS(r.memory.kernel_tcp, 5);
	IS(r.memory.swappiness, 6);
	IS(r.memory.disable_oom_killer, true);
	IS(r.memory.use_hierarchy, false);
	IS(r.memory.check_before_update, true);
	IS(r.cpu.shares, 7);
	IS(r.cpu.quota, 8);
	IS(r.cpu.period, 9);
	IS(r.cpu.burst, 10);
	IS(r.cpu.realtime_period, 11);
	IS(r.cpu.realtime_runtime, 12);
	assert_string_equal(r.cpu.cpus, "13");
	assert_string_equal(r.cpu.mems, "14");
	IS(r.cpu.idle, 15);
	IS(r.pids_limit, 16);
	IS(r.blkio.weight, 17);
	IS(r.blkio.leaf_weight, 18);
	IS(r.network.class_id, 40);
	arena_free(&a);
}

static void test_full_lists(void **state)
{
	struct oci_resources first, r;
	struct arena a = {0};

	(void)state;
	read_text(&first, &a, FULL);
	read_text(&r, &a, write_text(&first, &a));
	assert_int_equal(r.blkio.n_weight_device, 2);
	assert_int_equal(r.blkio.weight_device[0].major, 19);
	assert_int_equal(r.blkio.weight_device[0].minor, 20);
	IS(r.blkio.weight_device[0].weight, 21);
	IS(r.blkio.weight_device[0].leaf_weight, 22);
	assert_false(r.blkio.weight_device[1].weight.set);
	for (int k = 0; k < OCI_N_THROTTLES; k++) {
		assert_int_equal(r.blkio.n_throttle[k], k == OCI_READ_BPS ? 2 : 1);
		assert_int_equal(r.blkio.throttle[k][0].major, 23 + 3 * k);
		assert_int_equal(r.blkio.throttle[k][0].minor, 24 + 3 * k);
		assert_int_equal(r.blkio.throttle[k][0].rate, 25 + 3 * k);
	}
	assert_int_equal(r.n_hugepages, 2);
	assert_string_equal(r.hugepages[1].page_size, "1GB");
	assert_int_equal(r.hugepages[1].limit, 36);
	assert_int_equal(r.n_rdma, 2);
	assert_string_equal(r.rdma[0].device, "z");
	IS(r.rdma[0].handles, 37);
	IS(r.rdma[0].objects, 38);
	assert_false(r.rdma[1].handles.set);
	assert_int_equal(r.network.n_priorities, 2);
	assert_string_equal(r.network.priorities[0].name, "eth1");
	assert_int_equal(r.network.priorities[0].priority, 41);
	assert_int_equal(r.n_devices, 2);
	assert_int_equal(r.devices[0].major, OCI_ANY);
	assert_int_equal(r.devices[0].access, OCI_RWM);
	assert_true(r.devices[1].allow && r.devices[1].type == 'c');
	assert_int_equal(r.devices[1].minor, 44);
	assert_int_equal(r.devices[1].access, OCI_READ | OCI_WRITE);
	assert_int_equal(r.n_unified, 2);
	assert_string_equal(r.unified[0].key, "z.b");
	assert_string_equal(r.unified[0].value, "45");
	arena_free(&a);
}

/* The table: each row alone, with a value of its kind, in the place that it names. */
static void test_scalar_table(void **state)
{
	static const char *const values[] = {
	    [WANT_INT] = "-5", [WANT_UINT] = "5", [WANT_BOOL] = "true", [WANT_STRING] = "\"5\""};
	size_t n = 0;

	(void)state;
	for (const struct oci_scalar *s = oci_scalars; s->name; s++, n++) {
		struct arena a = {0};
		struct row row = {
		    arena_printf(&a, "{\"%s\":{\"%s\":%s}}", s->part, s->name, values[s->want]),
		    NULL};

		check(&row, 1);
		arena_free(&a);
	}
	assert_int_equal(n, 22);
}

/* As a member of a larger object, and on one line in the form for people. */
static void test_place(void **state)
{
	struct oci_resources r = {.pids_limit = {true, 5}};
	struct text t = {0};
	struct jsonw w = {.out = &t, .pretty = true};

	(void)state;
	jsonw_object(&w, NULL);
	oci_resources_json(&w, "resources", &r);
	jsonw_int(&w, "after", 1);
	jsonw_end_object(&w);
	assert_string_equal(t.s,
			    "{\n  \"resources\": {\"pids\": {\"limit\": 5}},\n  \"after\": 1\n}");
	text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_alone),      cmocka_unit_test(test_forms),
	    cmocka_unit_test(test_full),       cmocka_unit_test(test_full_scalars),
	    cmocka_unit_test(test_full_lists), cmocka_unit_test(test_scalar_table),
	    cmocka_unit_test(test_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
