/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-blkio - linux.resources.blockIO: rows of config and host, and their steps
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/planner-fixture.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof(*(rows)))
#define BLKIO(...)   .in = {.blkio = {__VA_ARGS__}}
#define DEVICES(...)                                               \
	.weight_device = (struct oci_blkio_weight[]){__VA_ARGS__}, \
	.n_weight_device =                                         \
	    sizeof((struct oci_blkio_weight[]){__VA_ARGS__}) / sizeof(struct oci_blkio_weight)
#define THROTTLE(list, ...)                                           \
	.throttle[list] = (struct oci_blkio_throttle[]){__VA_ARGS__}, \
	.n_throttle[list] =                                           \
	    sizeof((struct oci_blkio_throttle[]){__VA_ARGS__}) / sizeof(struct oci_blkio_throttle)
#define V1(step, why) "limits write blkio blkio." step " /r/blockIO/" why "\n"
#define V2(step, why) "limits write io io." step " /r/blockIO/" why "\n"
#define WEIGHT        "expected 10..1000, or 0 for the default\n"

static const struct planner_row everywhere[] = {
    {.want = ""},
    {BLKIO(.weight = SET(0), .leaf_weight = SET(0)), .want = ""},
    {BLKIO(DEVICES({8, 0, SET(0), SET(0)})), .want = ""},
    {BLKIO(.weight = SET(1)), .want = "input: /r/blockIO/weight: value 1: " WEIGHT},
    {BLKIO(.weight = SET(9)), .want = "input: /r/blockIO/weight: value 9: " WEIGHT},
    {BLKIO(.weight = SET(1001)), .want = "input: /r/blockIO/weight: value 1001: " WEIGHT},
    {BLKIO(.leaf_weight = SET(9)), .want = "input: /r/blockIO/leafWeight: value 9: " WEIGHT},
    {BLKIO(DEVICES({8, 0, .weight = SET(1001)})),
     .want = "input: /r/blockIO/weightDevice/0/weight: value 1001: " WEIGHT},
    {BLKIO(DEVICES({8, 0, .leaf_weight = SET(5)})),
     .want = "input: /r/blockIO/weightDevice/0/leafWeight: value 5: " WEIGHT},
    {BLKIO(DEVICES({8, 0, .weight = SET(500)}, {.major = 8, .minor = 16})),
     .want = "input: /r/blockIO/weightDevice/1: weight or leafWeight is needed\n"},
    {BLKIO(DEVICES({4096, 0, .weight = SET(500)})),
     .want = "input: /r/blockIO/weightDevice/0: device 4096:0: expected 0..4095:0..1048575\n"},
    {BLKIO(DEVICES({8, -1, .weight = SET(500)})),
     .want = "input: /r/blockIO/weightDevice/0: device 8:-1: expected 0..4095:0..1048575\n"},
    {BLKIO(THROTTLE(OCI_READ_BPS, {8, 1048576, 1})),
     .want = "input: /r/blockIO/throttleReadBpsDevice/0: device 8:1048576: expected "
	     "0..4095:0..1048575\n"},
    {BLKIO(THROTTLE(OCI_WRITE_BPS, {8, 0, 5}, {8, 0, 0})),
     .want = "input: /r/blockIO/throttleWriteBpsDevice/1/rate: value 0: it is not a limit; remove "
	     "the entry\n"},
    {BLKIO(THROTTLE(OCI_READ_IOPS, {8, 0, 4294967296})),
     .want = "input: /r/blockIO/throttleReadIOPSDevice/0/rate: value 4294967296: the kernel counts "
	     "operations up to 4294967295\n"},
    {BLKIO(THROTTLE(OCI_WRITE_IOPS, {8, 0, 5000000000})),
     .want = "input: /r/blockIO/throttleWriteIOPSDevice/0/rate: value 5000000000: the kernel "
	     "counts operations up to 4294967295\n"},
};

/* clang-format off */
static const struct planner_row v1[] = {
    {BLKIO(.weight = SET(10)), .want = V1("bfq.weight=10", "weight")},
    {BLKIO(.weight = SET(1000)), .want = V1("bfq.weight=1000", "weight")},
    {BLKIO(.weight = SET(500)), .with = "blkio.weight", .want = V1("weight=500", "weight")},
    {BLKIO(.weight = SET(500)), .without = "blkio.bfq.weight",
     .want = "host: /r/blockIO/weight: value 500: this host has neither blkio.weight nor "
	     "blkio.bfq.weight (is the bfq module loaded?)\n"},
    {BLKIO(DEVICES({8, 0, .weight = SET(500)}, {4095, 1048575, .weight = SET(10)})),
     .want = V1("bfq.weight_device=8:0 500", "weightDevice/0")
	     V1("bfq.weight_device=4095:1048575 10", "weightDevice/1")},
    {BLKIO(DEVICES({8, 0, SET(500), SET(300)})),
     .with = "blkio.weight_device blkio.leaf_weight_device",
     .want = V1("weight_device=8:0 500", "weightDevice/0")
	     V1("leaf_weight_device=8:0 300", "weightDevice/0")},
    {BLKIO(DEVICES({8, 0, .weight = SET(500)})), .without = "blkio.bfq.weight_device",
     .want = "host: /r/blockIO/weightDevice/0: value 500: this host has neither "
	     "blkio.weight_device nor blkio.bfq.weight_device (is the bfq module loaded?)\n"},
    {BLKIO(DEVICES({8, 0, .leaf_weight = SET(300)})),
     .want = "host: /r/blockIO/weightDevice/0: value 300: this kernel has no "
	     "blkio.leaf_weight_device (it went with the CFQ scheduler in Linux 5.0); remove the "
	     "field\n"},
    {BLKIO(.leaf_weight = SET(300)), .with = "blkio.leaf_weight",
     .want = V1("leaf_weight=300", "leafWeight")},
    {BLKIO(.leaf_weight = SET(300)),
     .want = "host: /r/blockIO/leafWeight: value 300: this kernel has no blkio.leaf_weight (it went "
	     "with the CFQ scheduler in Linux 5.0); remove the field\n"},
    {BLKIO(THROTTLE(OCI_WRITE_IOPS, {8, 0, 4294967295}), THROTTLE(OCI_READ_IOPS, {8, 0, 3}),
	   THROTTLE(OCI_WRITE_BPS, {8, 0, 2}),
	   THROTTLE(OCI_READ_BPS, {8, 0, 1}, {8, 16, UINT64_MAX})),
     .want = V1("throttle.read_bps_device=8:0 1", "throttleReadBpsDevice/0")
	     V1("throttle.read_bps_device=8:16 18446744073709551615", "throttleReadBpsDevice/1")
	     V1("throttle.write_bps_device=8:0 2", "throttleWriteBpsDevice/0")
	     V1("throttle.read_iops_device=8:0 3", "throttleReadIOPSDevice/0")
	     V1("throttle.write_iops_device=8:0 4294967295", "throttleWriteIOPSDevice/0")},
    {.host = HOST_HYBRID, BLKIO(.weight = SET(20)), .want = V1("bfq.weight=20", "weight")},
};

/* Both files: each device obeys one of them. */
#define BOTH(bfq, linear) V2("bfq.weight=" bfq, "weight") V2("weight=" linear, "weight")

static const struct planner_row v2[] = {
    {BLKIO(.weight = SET(10)), .want = BOTH("10", "1")},
    {BLKIO(.weight = SET(50)), .want = BOTH("50", "405")},
    {BLKIO(.weight = SET(100)), .want = BOTH("100", "910")},
    {BLKIO(.weight = SET(200)), .want = BOTH("200", "1920")},
    {BLKIO(.weight = SET(300)), .want = BOTH("300", "2930")},
    {BLKIO(.weight = SET(500)), .want = BOTH("500", "4950")},
    {BLKIO(.weight = SET(750)), .want = BOTH("750", "7475")},
    {BLKIO(.weight = SET(1000)), .want = BOTH("1000", "10000")},
    {BLKIO(.weight = SET(500)), .without = "io.weight", .want = V2("bfq.weight=500", "weight")},
    {BLKIO(.weight = SET(500)), .without = "io.bfq.weight", .want = V2("weight=4950", "weight")},
    {BLKIO(.weight = SET(500)), .without = "io.weight io.bfq.weight",
     .want = "host: /r/blockIO/weight: value 500: this host has neither io.bfq.weight nor "
	     "io.weight (load the bfq module, or a kernel with iocost)\n"},
    {BLKIO(.leaf_weight = SET(300)),
     .want = "host: /r/blockIO/leafWeight: value 300: cgroup v2 has no leaf weights; remove the "
	     "field\n"},
    {BLKIO(DEVICES({8, 0, .weight = SET(500)})),
     .want = V2("bfq.weight=8:0 500", "weightDevice/0") V2("weight=8:0 4950", "weightDevice/0")},
    {BLKIO(DEVICES({8, 0, SET(500), SET(0)})), .without = "io.weight",
     .want = V2("bfq.weight=8:0 500", "weightDevice/0")},
    {BLKIO(DEVICES({8, 0, SET(500), SET(10)})),
     .want = "host: /r/blockIO/weightDevice/0: value 10: cgroup v2 has no leaf weights; remove the "
	     "field\n"},
    {BLKIO(THROTTLE(OCI_WRITE_IOPS, {8, 0, 4294967295}), THROTTLE(OCI_READ_IOPS, {8, 0, 3}),
	   THROTTLE(OCI_WRITE_BPS, {8, 0, 2}),
	   THROTTLE(OCI_READ_BPS, {8, 0, 1048576}, {8, 16, UINT64_MAX})),
     .want = V2("max=8:0 rbps=1048576", "throttleReadBpsDevice/0")
	     V2("max=8:16 rbps=max", "throttleReadBpsDevice/1")
	     V2("max=8:0 wbps=2", "throttleWriteBpsDevice/0")
	     V2("max=8:0 riops=3", "throttleReadIOPSDevice/0")
	     V2("max=8:0 wiops=max", "throttleWriteIOPSDevice/0")},
    /* The largest 32-bit number is no limit for operations, and one for bytes. */
    {BLKIO(THROTTLE(OCI_READ_IOPS, {8, 0, 4294967294}),
	   THROTTLE(OCI_READ_BPS, {8, 0, 4294967295})),
     .want = V2("max=8:0 rbps=4294967295", "throttleReadBpsDevice/0")
	     V2("max=8:0 riops=4294967294", "throttleReadIOPSDevice/0")},
    {BLKIO(THROTTLE(OCI_READ_BPS, {8, 0, 1})),
     .want = "host: /r/blockIO/throttleReadBpsDevice/0: rate 1: cgroup v2 takes 2 and more\n"},
    {BLKIO(THROTTLE(OCI_WRITE_IOPS, {8, 0, 2}, {8, 0, 1})),
     .want = "host: /r/blockIO/throttleWriteIOPSDevice/1: rate 1: cgroup v2 takes 2 and more\n"},
};
/* clang-format on */

#define NO_IO                                                                                     \
	"this host has no io controller, neither mounted as cgroup v1 nor in the cgroup v2 tree " \
	"(it has: cpuset, cpu, memory, hugetlb, pids, rdma)\n"

static const struct planner_row missing_v2[] = {
    {BLKIO(.weight = SET(10)), .want = "host: /r/blockIO/weight: " NO_IO},
    {BLKIO(.leaf_weight = SET(10)), .want = "host: /r/blockIO/leafWeight: " NO_IO},
    {BLKIO(DEVICES({8, 0, .weight = SET(0)}, {8, 0, .weight = SET(10)})),
     .want = "host: /r/blockIO/weightDevice/1: " NO_IO},
    {BLKIO(THROTTLE(OCI_READ_IOPS, {8, 0, 5})),
     .want = "host: /r/blockIO/throttleReadIOPSDevice: " NO_IO},
    {BLKIO(.weight = SET(10)), .lenient = true,
     .want = "! /r/blockIO/weight: the io controller is not delegated to this user: not "
	     "applied\n"},
};

static const struct planner_row missing_v1[] = {
    {BLKIO(.weight = SET(10)),
     .want =
	 "host: /r/blockIO/weight: this host has no blkio controller, neither mounted as cgroup "
	 "v1 nor in the cgroup v2 tree (it has: cpuset, cpu, cpuacct, memory, devices, net_cls, "
	 "net_prio, hugetlb, pids, rdma)\n"},
};

static void test_everywhere(void **state)
{
	(void)state;
	planner_rows_check(blkio_plan, HOST_V1, NULL, everywhere, N_ROWS(everywhere));
	planner_rows_check(blkio_plan, HOST_V2, NULL, everywhere, N_ROWS(everywhere));
	planner_rows_check(blkio_plan, HOST_V2, "io", everywhere, N_ROWS(everywhere));
}

static void test_v1(void **state)
{
	(void)state;
	planner_rows_check(blkio_plan, HOST_V1, NULL, v1, N_ROWS(v1));
}

static void test_v2(void **state)
{
	(void)state;
	planner_rows_check(blkio_plan, HOST_V2, NULL, v2, N_ROWS(v2));
}

static void test_missing(void **state)
{
	(void)state;
	planner_rows_check(blkio_plan, HOST_V2, "io", missing_v2, N_ROWS(missing_v2));
	planner_rows_check(blkio_plan, HOST_V1, "blkio", missing_v1, N_ROWS(missing_v1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_everywhere),
	    cmocka_unit_test(test_v1),
	    cmocka_unit_test(test_v2),
	    cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
