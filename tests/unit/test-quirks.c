/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-quirks - how control files read back, the retries and the hints
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hook/quirks.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof(*(rows)))

enum { PAGE = 4096 };

struct same_row {
	int version;
	const char *file, *wanted, *live;
	bool same;
};

static void check_same(const struct same_row *rows, size_t n)
{
	size_t wrong = 0;

	for (size_t i = 0; i < n; i++) {
		const struct same_row *r = &rows[i];

		if (quirks_same(r->version, r->file, r->wanted, r->live, PAGE) != r->same) {
			print_error("v%d %s: wanted \"%s\", live \"%s\": not %d\n", r->version,
				    r->file, r->wanted, r->live, r->same);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void test_text(void **state)
{
	static const struct same_row rows[] = {
	    {2, "pids.max", "max", "max\n", true},      {2, "pids.max", "100", "100\n", true},
	    {2, "pids.max", "100", "1000\n", false},    {2, "cpu.weight", "100", "100\n", true},
	    {2, "cpu.weight", "100", "101\n", false},   {1, "cpu.cfs_quota_us", "-1", "-1\n", true},
	    {2, "no.such.file", " a b\n", "a b", true}, {2, "no.such.file", "", "\n", true},
	    {2, "no.such.file", "a", "", false},
	};

	(void)state;
	check_same(rows, N_ROWS(rows));
}

static void test_bytes(void **state)
{
	static const struct same_row rows[] = {
	    {2, "memory.max", "4096", "4096\n", true},
	    {2, "memory.max", "4097", "4096\n", true},
	    {2, "memory.max", "8191", "4096\n", true},
	    {2, "memory.max", "8192", "4096\n", false},
	    {2, "memory.max", "4096", "8192\n", false},
	    {2, "memory.max", "1M", "1048576\n", true},
	    {2, "memory.max", "max", "max\n", true},
	    {2, "memory.max", "max", "4096\n", false},
	    {2, "memory.max", "4096", "max\n", false},
	    {2, "memory.max", "9223372036854775807", "max\n", true},
	    {2, "memory.max", "9223372036854771712", "max\n", true},
	    {2, "memory.max", "9223372036854767616", "max\n", false},
	    {2, "memory.max", "18446744073709551615", "max\n", true},
	    {2, "memory.max", "0", "0\n", true},
	    {2, "memory.max", "0", "max\n", false},
	    {2, "memory.max", "junk", "junk\n", false},
	    {2, "memory.swap.max", "4097", "4096\n", true},
	    {2, "memory.zswap.max", "4097", "4096\n", true},
	    {2, "memory.low", "4097", "4096\n", true},
	    {2, "memory.min", "4097", "4096\n", true},
	    {2, "memory.high", "4097", "4096\n", true},
	    {2, "memory.swap.high", "4097", "4096\n", true},
	    {2, "memory.oom.group", "1", "1\n", true},
	    {1, "memory.limit_in_bytes", "10000000", "9998336\n", true},
	    {1, "memory.limit_in_bytes", "-1", "9223372036854771712\n", true},
	    {1, "memory.limit_in_bytes", "9223372036854775807", "9223372036854771712\n", true},
	    {1, "memory.limit_in_bytes", "-1", "4096\n", false},
	    {1, "memory.memsw.limit_in_bytes", "-1", "9223372036854771712\n", true},
	    {1, "memory.soft_limit_in_bytes", "4097", "4096\n", true},
	    {1, "memory.kmem.limit_in_bytes", "8192000", "9223372036854771712\n", false},
	    {1, "memory.kmem.tcp.limit_in_bytes", "8192000", "8192000\n", true},
	    {2, "hugetlb.2MB.max", "3000000", "2097152\n", true},
	    {2, "hugetlb.2MB.max", "4194304", "2097152\n", false},
	    {2, "hugetlb.2MB.max", "18446744073709551615", "max\n", true},
	    {2, "hugetlb.2MB.rsvd.max", "2097153", "2097152\n", true},
	    {2, "hugetlb.1GB.max", "1073741825", "1073741824\n", true},
	    {2, "hugetlb.1GB.max", "1073741824", "0\n", false},
	    {2, "hugetlb.odd.max", "1", "1\n", false}, /* no page size, no verdict */
	    {1, "hugetlb.2MB.limit_in_bytes", "-1", "9223372036852678656\n", true},
	    {1, "hugetlb.2MB.rsvd.limit_in_bytes", "2097153", "2097152\n", true},
	};

	(void)state;
	check_same(rows, N_ROWS(rows));
}

static void test_cpu(void **state)
{
	static const struct same_row rows[] = {
	    {1, "cpuset.cpus", "0,1", "0-1\n", true},
	    {1, "cpuset.cpus", "0-3,5", "0-3,5\n", true},
	    {1, "cpuset.cpus", "0", "0-1\n", false},
	    {1, "cpuset.mems", "0", "\n", false},
	    {1, "cpus", "1,0", "0-1\n", true},
	    {1, "mems", "0", "0\n", true},
	    {2, "cpuset.cpus", "1,0", "0-1\n", true},
	    {2, "cpuset.mems", "0", "0\n", true},
	    {2, "cpuset.cpus", "word", "word\n", false},
	    {1, "cpu.shares", "1", "2\n", true},
	    {1, "cpu.shares", "999999", "262144\n", true},
	    {1, "cpu.shares", "1024", "1024\n", true},
	    {1, "cpu.shares", "1024", "2\n", false},
	    {1, "cpu.shares", "512", "3\n", false}, /* what an idle group shows */
	    {2, "cpu.max", "50000 100000", "50000 100000\n", true},
	    {2, "cpu.max", "max 100000", "max 100000\n", true},
	    {2, "cpu.max", "max", "max 100000\n", true},
	    {2, "cpu.max", "50000", "50000 100000\n", true},
	    {2, "cpu.max", "50000 100000", "50000 200000\n", false},
	    {2, "cpu.max", "50000 100000", "max 100000\n", false},
	    {2, "cpu.max", "5000 100000", "50000 100000\n", false},
	};

	(void)state;
	check_same(rows, N_ROWS(rows));
}

static void test_lines(void **state)
{
	static const struct same_row rows[] = {
	    {1, "blkio.throttle.read_bps_device", "8:0 1048576", "8:0 1048576\n", true},
	    {1, "blkio.throttle.read_bps_device", "8:16 5", "8:0 1\n8:16 5\n", true},
	    {1, "blkio.throttle.read_bps_device", "8:1 5", "8:16 5\n", false},
	    {1, "blkio.throttle.read_bps_device", "8:0 5", "", false},
	    {1, "blkio.throttle.read_bps_device", "8:0 0", "", true},
	    {1, "blkio.throttle.read_bps_device", "8:0 18446744073709551615", "\n", true},
	    {1, "blkio.throttle.read_iops_device", "8:0 5000000000", "8:0 705032704\n", false},
	    {1, "blkio.throttle.write_iops_device", "8:0 4294967295", "", true},
	    {1, "blkio.throttle.write_iops_device", "8:0 4294967294", "", false},
	    {1, "blkio.throttle.write_bps_device", "8:0 4294967295", "", false},
	    {1, "blkio.bfq.weight", "500", "500\n", true},
	    {1, "blkio.bfq.weight", "500", "100\n", false},
	    {1, "blkio.bfq.weight_device", "8:0 500", "default 100\n8:0 500\n", true},
	    {2, "io.weight", "4950", "default 4950\n8:0 100\n", true},
	    {2, "io.weight", "default 4950", "default 4950\n", true},
	    {2, "io.weight", "4950", "default 100\n8:0 4950\n", false},
	    {2, "io.weight", "8:0 4950", "default 100\n8:0 4950\n", true},
	    {2, "io.bfq.weight", "500", "500\n", true},
	    {2, "io.bfq.weight", "500", "default 500\n", true},
	    {2, "io.bfq.weight", "8:0 500", "default 100\n", false},
	    {1, "net_prio.ifpriomap", "eth0 5", "lo 0\neth0 5\n", true},
	    {1, "net_prio.ifpriomap", "eth0 5", "lo 0\neth0 0\n", false},
	    {2, "misc.max", "sev 5", "sev 5\nsev_es max\n", true},
	    {2, "io.max", "8:0 rbps=5", "8:0 rbps=5 wbps=max riops=max wiops=max\n", true},
	    {2, "io.max", "8:0 wiops=9 rbps=5", "8:0 rbps=5 wbps=max riops=max wiops=9\n", true},
	    {2, "io.max", "8:0 rbps=5", "8:0 rbps=50 wbps=max riops=max wiops=max\n", false},
	    {2, "io.max", "8:0 rbps=5", "8:16 rbps=5 wbps=max riops=max wiops=max\n", false},
	    {2, "io.max", "8:0 rbps=5", "", false},
	    {2, "io.max", "8:0 rbps=max", "", true}, /* a device without limits has no line */
	    {2, "io.max", "8:0 rbps=max", "8:0 rbps=5 wbps=max riops=max wiops=max\n", false},
	    {2, "rdma.max", "mlx5_1 hca_handle=2", "mlx5_1 hca_handle=2 hca_object=max\n", true},
	    {1, "rdma.max", "mlx5_1 hca_handle=3", "mlx5_1 hca_handle=2 hca_object=max\n", false},
	    {1, "memory.oom_control", "1", "oom_kill_disable 1\nunder_oom 0\noom_kill 0\n", true},
	    {1, "memory.oom_control", "1", "oom_kill_disable 0\nunder_oom 1\noom_kill 1\n", false},
	    {2, "memory.reclaim", "1M", "", true},
	    {2, "cpu.pressure", "some 1 2", "some avg10=0.00\n", true},
	};

	(void)state;
	check_same(rows, N_ROWS(rows));
}

/* Equal texts, or none at all. */
static bool equal(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static void test_verified(void **state)
{
	static const struct {
		int version;
		const char *file, *verify, *wanted, *live;
		bool good;
	} rows[] = {
	    {2, "cpuset.cpus", "cpuset.cpus.effective", "0-1", "0-3\n", true},
	    {2, "cpuset.cpus", "cpuset.cpus.effective", "1", "0\n", false},
	    {2, "cpuset.mems", "cpuset.mems.effective", "0", "0\n", true},
	    {2, "cpuset.mems", "cpuset.mems.effective", "0-1", "0\n", false},
	    {1, "memory.kmem.limit_in_bytes", "memory.kmem.limit_in_bytes", "8192",
	     "9223372036854771712\n", false},
	    {1, "memory.kmem.limit_in_bytes", "memory.kmem.limit_in_bytes", "8192", "8192\n", true},
	    {1, "blkio.throttle.read_iops_device", "blkio.throttle.read_iops_device", "8:0 7",
	     "8:0 7\n", true},
	    {1, "blkio.throttle.write_iops_device", "blkio.throttle.write_iops_device", "8:0 7",
	     "8:0 8\n", false},
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		const struct quirk *q = quirks_find(rows[i].version, rows[i].file);

		if (!q || !equal(q->verify_file, rows[i].verify) ||
		    quirks_verified(q, rows[i].wanted, rows[i].live, PAGE) != rows[i].good) {
			print_error("%s: wanted %s, live %s", rows[i].file, rows[i].wanted,
				    rows[i].live);
			fail();
		}
	}
}

static void test_find(void **state)
{
	static const struct {
		int version;
		const char *file, *partner, *partner_value, *twin, *verify, *usage;
	} rows[] = {
	    {1, "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", NULL, NULL, NULL,
	     "memory.usage_in_bytes"},
	    {1, "memory.memsw.limit_in_bytes", "memory.limit_in_bytes", NULL, NULL, NULL,
	     "memory.memsw.usage_in_bytes"},
	    {1, "cpu.cfs_period_us", "cpu.cfs_quota_us", NULL, NULL, NULL, NULL},
	    {1, "cpu.cfs_quota_us", "cpu.cfs_burst_us", NULL, NULL, NULL, NULL},
	    {1, "cpu.cfs_burst_us", "cpu.cfs_quota_us", NULL, NULL, NULL, NULL},
	    {1, "cpu.rt_period_us", "cpu.rt_runtime_us", NULL, NULL, NULL, NULL},
	    {1, "cpu.rt_runtime_us", "cpu.rt_period_us", NULL, NULL, NULL, NULL},
	    {1, "cpu.shares", "cpu.idle", "0", NULL, NULL, NULL},
	    {2, "cpu.max", "cpu.max.burst", NULL, NULL, NULL, NULL},
	    {2, "cpu.max.burst", "cpu.max", NULL, NULL, NULL, NULL},
	    {2, "cpu.weight", "cpu.idle", "0", NULL, NULL, NULL},
	    {2, "io.weight", NULL, NULL, "io.bfq.weight", NULL, NULL},
	    {2, "io.bfq.weight", NULL, NULL, "io.weight", NULL, NULL},
	    {2, "memory.max", NULL, NULL, NULL, NULL, NULL},
	    {1, "cpuset.cpus", NULL, NULL, NULL, NULL, NULL}, /* v1 refuses, no need to look */
	    {1, "blkio.throttle.read_bps_device", NULL, NULL, NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		const struct quirk *q = quirks_find(rows[i].version, rows[i].file);

		if (!q || !equal(q->partner, rows[i].partner) ||
		    !equal(q->partner_value, rows[i].partner_value) ||
		    !equal(q->twin, rows[i].twin) || !equal(q->verify_file, rows[i].verify) ||
		    !equal(q->usage_file, rows[i].usage)) {
			print_error("v%d %s\n", rows[i].version, rows[i].file);
			fail();
		}
	}
	assert_null(quirks_find(2, "pids.max"));
	assert_null(quirks_find(2, "memory.limit_in_bytes"));
	assert_null(quirks_find(1, "memory.max"));
	assert_null(quirks_find(2, "cgroup.procs"));
}

static void test_hints(void **state)
{
	static const struct {
		int version;
		const char *file;
		int os;
		const char *part; /* of the hint; NULL: none */
	} rows[] = {
	    {1, "memory.limit_in_bytes", EBUSY, "the group uses more"},
	    {1, "memory.limit_in_bytes", EINVAL, "memory.memsw.limit_in_bytes"},
	    {1, "memory.memsw.limit_in_bytes", ENOENT, "swap accounting is off"},
	    {2, "memory.swap.max", ENOENT, "swapaccount=1"},
	    {2, "memory.max", ENOENT, "controller is not enabled"},
	    {1, "cpuset.cpus", EACCES, "not a subset of the parent"},
	    {1, "mems", EACCES, "not a subset of the parent"},
	    {2, "cpuset.cpus", EACCES, "not delegated"},
	    {2, "cpuset.cpus", ERANGE, "no such CPU"},
	    {1, "cpuset.mems", EINVAL, "no such CPU or memory node"},
	    {1, "cpuset.cpus", EBUSY, "still use it"},
	    {1, "cpu.cfs_quota_us", EINVAL, "parent's"},
	    {2, "cpu.max.burst", EINVAL, "must not exceed the quota"},
	    {2, "cpu.weight", EINVAL, "idle"},
	    {1, "cpu.shares", EINVAL, "idle"},
	    {1, "cpu.rt_runtime_us", ENOENT, "CONFIG_RT_GROUP_SCHED"},
	    {2, "io.max", ENODEV, "no such block device"},
	    {1, "blkio.throttle.read_bps_device", ENODEV, "no such block device"},
	    {2, "io.bfq.weight", EOPNOTSUPP, "bfq scheduler"},
	    {1, "blkio.bfq.weight_device", EOPNOTSUPP, "bfq scheduler"},
	    {2, "io.weight", EOPNOTSUPP, "iocost"},
	    {2, "hugetlb.2MB.max", ENOENT, "huge pages of that size"},
	    {2, "rdma.max", ENODEV, "no such RDMA device"},
	    {1, "net_prio.ifpriomap", ENODEV, "no such interface"},
	    {1, "devices.allow", EPERM, "parent cgroup"},
	    {1, "cgroup.procs", ENOSPC, "cpuset"},
	    {2, "cgroup.procs", ENOSPC, NULL},
	    {2, "cgroup.procs", EBUSY, "only a leaf"},
	    {2, "cgroup.procs", EOPNOTSUPP, "threads only"},
	    {2, "cgroup.procs", ESRCH, "process is gone"},
	    {2, "cgroup.subtree_control", EBUSY, "processes sit in this group"},
	    {1, "cgroup.procs", EACCES, "write access"},
	    {2, "cgroup.subtree_control", ENOENT, "ancestor"},
	    {2, "pids.max", EROFS, "read-only"},
	    {2, "pids.max", ENODEV, "removed"},
	    {2, "pids.max", EPERM, "not delegated"},
	    {2, "pids.max", EINVAL, NULL},
	    {2, "pids.max", ENOMEM, NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		const char *hint = quirks_hint(rows[i].version, rows[i].file, rows[i].os);

		if (rows[i].part ? !hint || !strstr(hint, rows[i].part) : hint != NULL) {
			print_error("v%d %s, errno %d: %s\n", rows[i].version, rows[i].file,
				    rows[i].os, hint ? hint : "no hint");
			fail();
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text),     cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_cpu),      cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_verified), cmocka_unit_test(test_find),
	    cmocka_unit_test(test_hints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
