/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-resources - every field of linux.resources, and what is refused
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "oci/resources.h"
#include "oci/text.h"

/* --- what was read, as text: only what is set --- */

static void put_int(struct text *t, const char *name, struct opt_int v)
{
	if (v.set)
		text_printf(t, " %s=%" PRId64, name, v.v);
}

static void put_uint(struct text *t, const char *name, struct opt_uint v)
{
	if (v.set)
		text_printf(t, " %s=%" PRIu64, name, v.v);
}

static void put_bool(struct text *t, const char *name, struct opt_bool v)
{
	if (v.set)
		text_printf(t, " %s=%s", name, v.v ? "yes" : "no");
}

static void put_string(struct text *t, const char *name, const char *v)
{
	if (v)
		text_printf(t, " %s='%s'", name, v);
}

static void put_memory_and_cpu(struct text *t, const struct oci_resources *r)
{
	put_int(t, "limit", r->memory.limit);
	put_int(t, "reservation", r->memory.reservation);
	put_int(t, "swap", r->memory.swap);
	put_int(t, "kernel", r->memory.kernel);
	put_int(t, "kernel_tcp", r->memory.kernel_tcp);
	put_uint(t, "swappiness", r->memory.swappiness);
	put_bool(t, "disable_oom_killer", r->memory.disable_oom_killer);
	put_bool(t, "use_hierarchy", r->memory.use_hierarchy);
	put_bool(t, "check_before_update", r->memory.check_before_update);
	put_uint(t, "shares", r->cpu.shares);
	put_int(t, "quota", r->cpu.quota);
	put_uint(t, "period", r->cpu.period);
	put_uint(t, "burst", r->cpu.burst);
	put_uint(t, "realtime_period", r->cpu.realtime_period);
	put_int(t, "realtime_runtime", r->cpu.realtime_runtime);
	put_string(t, "cpus", r->cpu.cpus);
	put_string(t, "mems", r->cpu.mems);
	put_int(t, "idle", r->cpu.idle);
	put_int(t, "pids", r->pids_limit);
}

static void put_blkio(struct text *t, const struct oci_blkio *b)
{
	put_uint(t, "weight", b->weight);
	put_uint(t, "leaf_weight", b->leaf_weight);
	for (size_t i = 0; i < b->n_weight_device; i++) {
		const struct oci_blkio_weight *w = &b->weight_device[i];

		text_printf(t, " %" PRId64 ":%" PRId64, w->major, w->minor);
		put_uint(t, "weight", w->weight);
		put_uint(t, "leaf_weight", w->leaf_weight);
	}
	for (int k = 0; k < OCI_N_THROTTLES; k++)
		for (size_t i = 0; i < b->n_throttle[k]; i++)
			text_printf(t, " %s[%" PRId64 ":%" PRId64 "]=%" PRIu64,
				    oci_throttle_name[k], b->throttle[k][i].major,
				    b->throttle[k][i].minor, b->throttle[k][i].rate);
}

static void put_rest(struct text *t, const struct oci_resources *r)
{
	for (size_t i = 0; i < r->n_hugepages; i++)
		text_printf(t, " huge[%s]=%" PRIu64, r->hugepages[i].page_size,
			    r->hugepages[i].limit);
	for (size_t i = 0; i < r->n_rdma; i++) {
		text_printf(t, " rdma[%s]", r->rdma[i].device);
		put_uint(t, "handles", r->rdma[i].handles);
		put_uint(t, "objects", r->rdma[i].objects);
	}
	put_uint(t, "class", r->network.class_id);
	for (size_t i = 0; i < r->network.n_priorities; i++)
		text_printf(t, " prio[%s]=%" PRIu64, r->network.priorities[i].name,
			    r->network.priorities[i].priority);
	for (size_t i = 0; i < r->n_devices; i++)
		text_printf(t, " %s(%c %" PRId64 ":%" PRId64 " %u)",
			    r->devices[i].allow ? "allow" : "deny", r->devices[i].type,
			    r->devices[i].major, r->devices[i].minor, r->devices[i].access);
	for (size_t i = 0; i < r->n_unified; i++)
		text_printf(t, " %s='%s'", r->unified[i].key, r->unified[i].value);
}

/* --- rows: members of the object, and the text of what was read or the message --- */

struct row {
	const char *members, *want;
};

static void check(const struct row *rows, size_t n)
{
	static const struct json_options o = {.name = "doc"};

	for (size_t i = 0; i < n; i++) {
		struct oci_resources r = {.base = "untouched"};
		struct arena a = {0};
		struct text t = {0};
		struct json *root;
		struct error e;
		char *doc = arena_printf(&a, "{\"r\":{%s}}", rows[i].members);

		if (json_parse(&root, NULL, &a, doc, strlen(doc), &o, &e) < 0)
			fail_msg("%s: %s", rows[i].members, e.text);
		if (oci_resources_read(&r, root->first, &a, &e) < 0) {
			assert_int_equal(e.kind, ERROR_INPUT);
			assert_string_equal(r.base, "untouched");
			text_puts(&t, e.text);
		} else {
			assert_string_equal(r.base, "/r");
			text_puts(&t, "");
			put_memory_and_cpu(&t, &r);
			put_blkio(&t, &r.blkio);
			put_rest(&t, &r);
		}
		if (strcmp(t.s, rows[i].want))
			fail_msg("%s\n   got  %s\n   want %s", rows[i].members, t.s, rows[i].want);
		text_free(&t);
		arena_free(&a);
	}
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof(*(rows)))

static void test_scalars(void **state)
{
	static const struct row rows[] = {
	    {"", ""},
	    {"\"memory\":{},\"cpu\":{},\"pids\":{},\"other\":5", ""},
	    {"\"memory\":null,\"cpu\":null,\"devices\":null,\"unified\":null", ""},
	    {"\"memory\":{\"limit\":0,\"reservation\":-1,\"swap\":9223372036854775807,"
	     "\"kernel\":-9223372036854775808,\"kernelTCP\":3,\"swappiness\":"
	     "18446744073709551615,\"disableOOMKiller\":false,\"useHierarchy\":true,"
	     "\"checkBeforeUpdate\":true}",
	     " limit=0 reservation=-1 swap=9223372036854775807 kernel=-9223372036854775808 "
	     "kernel_tcp=3 swappiness=18446744073709551615 disable_oom_killer=no "
	     "use_hierarchy=yes check_before_update=yes"},
	    {"\"cpu\":{\"shares\":1,\"quota\":-1,\"period\":2,\"burst\":3,\"realtimePeriod\":"
	     "18446744073709551615,\"realtimeRuntime\":-4,\"cpus\":\"0-3\",\"mems\":\"\","
	     "\"idle\":-9}",
	     " shares=1 quota=-1 period=2 burst=3 realtime_period=18446744073709551615 "
	     "realtime_runtime=-4 cpus='0-3' mems='' idle=-9"},
	    {"\"pids\":{\"limit\":0}", " pids=0"},
	    {"\"pids\":{\"limit\":-1}", " pids=-1"},
	    {"\"memory\":[]", "doc:1: /r/memory: this is an array, expected an object"},
	    {"\"memory\":{\"limit\":\"512M\"}",
	     "doc:1: /r/memory/limit: \"512M\" is a string, expected an integer"},
	    {"\"memory\":{\"limit\":9223372036854775808}",
	     "doc:1: /r/memory/limit: 9223372036854775808 is out of range "
	     "(-9223372036854775808..9223372036854775807)"},
	    {"\"memory\":{\"swappiness\":-1}",
	     "doc:1: /r/memory/swappiness: -1 is negative, expected 0..18446744073709551615"},
	    {"\"memory\":{\"useHierarchy\":1}",
	     "doc:1: /r/memory/useHierarchy: 1 is a number, expected true or false"},
	    {"\"cpu\":{\"cpus\":3}", "doc:1: /r/cpu/cpus: 3 is a number, expected a string"},
	    {"\"cpu\":{\"shares\":1.5}",
	     "doc:1: /r/cpu/shares: 1.5 is not an integer written in digits"},
	};

	(void)state;
	CHECK(rows);
}

static void test_blkio(void **state)
{
	static const struct row rows[] = {
	    {"\"blockIO\":{}", ""},
	    {"\"blockIO\":{\"weight\":65535,\"leafWeight\":0,\"weightDevice\":[]}",
	     " weight=65535 leaf_weight=0"},
	    {"\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":500},"
	     "{\"major\":4095,\"minor\":1048575,\"leafWeight\":1}]}",
	     " 8:0 weight=500 4095:1048575 leaf_weight=1"},
	    {"\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1,\"rate\":1},"
	     "{\"major\":8,\"minor\":2,\"rate\":2}],"
	     "\"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":3,\"rate\":3}],"
	     "\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":4,\"rate\":0}],"
	     "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":5,\"rate\":"
	     "18446744073709551615}]}",
	     " throttleReadBpsDevice[8:1]=1 throttleReadBpsDevice[8:2]=2 "
	     "throttleWriteBpsDevice[8:3]=3 throttleReadIOPSDevice[8:4]=0 "
	     "throttleWriteIOPSDevice[8:5]=18446744073709551615"},
	    {"\"blockIO\":{\"weight\":65536}",
	     "doc:1: /r/blockIO/weight: 65536 is out of range (0..65535)"},
	    {"\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0}]}",
	     "doc:1: /r/blockIO/weightDevice/0: needs \"weight\" or \"leafWeight\""},
	    {"\"blockIO\":{\"weightDevice\":[{\"major\":8,\"weight\":1}]}",
	     "doc:1: /r/blockIO/weightDevice/0: \"minor\" is missing"},
	    {"\"blockIO\":{\"weightDevice\":[{\"minor\":8,\"weight\":1}]}",
	     "doc:1: /r/blockIO/weightDevice/0: \"major\" is missing"},
	    {"\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1}]}",
	     "doc:1: /r/blockIO/throttleReadBpsDevice/0: \"rate\" is missing"},
	    {"\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":4096,\"minor\":1,\"rate\":1}]}",
	     "doc:1: /r/blockIO/throttleReadBpsDevice/0/major: 4096 is out of range (0..4095)"},
	    {"\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1048576,\"rate\":1}]}",
	     "doc:1: /r/blockIO/throttleReadBpsDevice/0/minor: 1048576 is out of range "
	     "(0..1048575)"},
	    {"\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":-1,\"minor\":1,\"rate\":1}]}",
	     "doc:1: /r/blockIO/throttleReadBpsDevice/0/major: -1 is negative, expected 0..4095"},
	    {"\"blockIO\":{\"throttleReadBpsDevice\":[5]}",
	     "doc:1: /r/blockIO/throttleReadBpsDevice/0: 5 is a number, expected an object"},
	};

	(void)state;
	CHECK(rows);
}

static void test_rest(void **state)
{
	static const struct row rows[] = {
	    {"\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0},{\"pageSize\":\"1GB\","
	     "\"limit\":18446744073709551615}]",
	     " huge[2MB]=0 huge[1GB]=18446744073709551615"},
	    {"\"hugepageLimits\":[{\"pageSize\":\"2MB\"}]",
	     "doc:1: /r/hugepageLimits/0: \"limit\" is missing"},
	    {"\"hugepageLimits\":[{\"limit\":1}]",
	     "doc:1: /r/hugepageLimits/0: \"pageSize\" is missing"},
	    {"\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":4294967295},"
	     "\"rxe0\":{\"hcaObjects\":0}}",
	     " rdma[mlx5_1] handles=3 objects=4294967295 rdma[rxe0] objects=0"},
	    {"\"rdma\":{\"mlx5_1\":{}}",
	     "doc:1: /r/rdma/mlx5_1: needs \"hcaHandles\" or \"hcaObjects\""},
	    {"\"rdma\":{\"mlx5_1\":{\"hcaHandles\":4294967296}}",
	     "doc:1: /r/rdma/mlx5_1/hcaHandles: 4294967296 is out of range (0..4294967295)"},
	    {"\"rdma\":{\"mlx5_1\":null}",
	     "doc:1: /r/rdma/mlx5_1: this is null, expected an object"},
	    {"\"network\":{}", ""},
	    {"\"network\":{\"classID\":4294967295,\"priorities\":[{\"name\":\"eth0\","
	     "\"priority\":0},{\"name\":\"eth1\",\"priority\":4294967295}]}",
	     " class=4294967295 prio[eth0]=0 prio[eth1]=4294967295"},
	    {"\"network\":{\"classID\":4294967296}",
	     "doc:1: /r/network/classID: 4294967296 is out of range (0..4294967295)"},
	    {"\"network\":{\"priorities\":[{\"name\":\"eth0\"}]}",
	     "doc:1: /r/network/priorities/0: \"priority\" is missing"},
	    {"\"network\":{\"priorities\":[{\"priority\":1}]}",
	     "doc:1: /r/network/priorities/0: \"name\" is missing"},
	    {"\"unified\":{\"memory.max\":\"1\",\"a\":\"\",\"memory.high\":\"max\"}",
	     " memory.max='1' a='' memory.high='max'"},
	    {"\"unified\":{\"memory.max\":1}",
	     "doc:1: /r/unified/memory.max: what is written to a file must be a string; put the "
	     "value between quotes"},
	    {"\"unified\":[]", "doc:1: /r/unified: this is an array, expected an object"},
	};

	(void)state;
	CHECK(rows);
}

#define TYPES    " is no type of a device rule; it is \"a\" (all), \"b\" (block) or \"c\" (character)"
#define ACCESSES " is no access; it is made of \"r\" (read), \"w\" (write) and \"m\" (mknod)"
#define NEEDS    "an allow rule needs an \"access\" of \"r\", \"w\" and \"m\"; it is "

static void test_devices(void **state)
{
	static const struct row rows[] = {
	    {"\"devices\":[]", ""},
	    {"\"devices\":[{\"allow\":false}]", " deny(a -1:-1 7)"},
	    {"\"devices\":[{\"allow\":false,\"access\":\"\",\"type\":\"\"}]", " deny(a -1:-1 7)"},
	    {"\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\","
	     "\"major\":10,\"minor\":232,\"access\":\"mwr\"},{\"allow\":true,\"type\":\"b\","
	     "\"major\":8,\"access\":\"rr\"}]",
	     " deny(a -1:-1 7) allow(c 10:232 7) allow(b 8:-1 2)"},
	    {"\"devices\":[{\"allow\":true,\"type\":\"c\",\"major\":-1,\"minor\":-1,"
	     "\"access\":\"m\"}]",
	     " allow(c -1:-1 1)"},
	    {"\"devices\":[{\"allow\":true,\"type\":\"c\",\"major\":0,\"minor\":0,"
	     "\"access\":\"w\"}]",
	     " allow(c 0:0 4)"},
	    {"\"devices\":[{\"allow\":true,\"type\":\"b\",\"major\":4095,\"minor\":1048575,"
	     "\"access\":\"w\"}]",
	     " allow(b 4095:1048575 4)"},
	    {"\"devices\":[{\"type\":\"c\",\"access\":\"r\"}]",
	     "doc:1: /r/devices/0: \"allow\" is missing"},
	    {"\"devices\":[{\"allow\":false},{\"allow\":true,\"type\":\"c\"}]",
	     "doc:1: /r/devices/1: " NEEDS "missing"},
	    {"\"devices\":[{\"allow\":true,\"access\":\"\"}]",
	     "doc:1: /r/devices/0/access: " NEEDS "empty"},
	    {"\"devices\":[{\"allow\":true,\"type\":\"p\",\"access\":\"r\"}]",
	     "doc:1: /r/devices/0/type: \"p\"" TYPES},
	    {"\"devices\":[{\"allow\":true,\"type\":\"u\",\"access\":\"r\"}]",
	     "doc:1: /r/devices/0/type: \"u\"" TYPES},
	    {"\"devices\":[{\"allow\":true,\"type\":\"A\",\"access\":\"r\"}]",
	     "doc:1: /r/devices/0/type: \"A\"" TYPES},
	    {"\"devices\":[{\"allow\":true,\"type\":\"cb\",\"access\":\"r\"}]",
	     "doc:1: /r/devices/0/type: \"cb\"" TYPES},
	    {"\"devices\":[{\"allow\":true,\"access\":\"rwx\"}]",
	     "doc:1: /r/devices/0/access: \"rwx\"" ACCESSES},
	    {"\"devices\":[{\"allow\":false,\"access\":\"RW\"}]",
	     "doc:1: /r/devices/0/access: \"RW\"" ACCESSES},
	    {"\"devices\":[{\"allow\":false,\"major\":-2}]",
	     "doc:1: /r/devices/0/major: -2 is out of range (-1..4095)"},
	    {"\"devices\":[{\"allow\":false,\"major\":4096}]",
	     "doc:1: /r/devices/0/major: 4096 is out of range (-1..4095)"},
	    {"\"devices\":[{\"allow\":false,\"minor\":1048576}]",
	     "doc:1: /r/devices/0/minor: 1048576 is out of range (-1..1048575)"},
	    {"\"devices\":[{\"allow\":\"false\"}]",
	     "doc:1: /r/devices/0/allow: \"false\" is a string, expected true or false"},
	};

	(void)state;
	CHECK(rows);
}

static void test_nothing(void **state)
{
	struct oci_resources r = {.n_devices = 5};
	struct arena a = {0};
	struct error e;

	(void)state;
	assert_int_equal(oci_resources_read(&r, NULL, &a, &e), 0);
	assert_string_equal(r.base, "/linux/resources");
	assert_int_equal(r.n_devices, 0);
	assert_false(r.memory.limit.set);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_scalars), cmocka_unit_test(test_blkio),
	    cmocka_unit_test(test_rest),    cmocka_unit_test(test_devices),
	    cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
