/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quirks - what is odd about a control file: how it reads back, what to retry, what to say
 *
 * Two tables, searched from the top: the first row that fits decides, so names
 * stand before patterns. A file without a row reads back as it was written.
 */
#include "hook/quirks.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const struct quirk quirks[] = {
    {.version = 1,
     .file = "memory.limit_in_bytes",
     .readback = READBACK_BYTES,
     .partner = "memory.memsw.limit_in_bytes",
     .usage_file = "memory.usage_in_bytes"},
    {.version = 1,
     .file = "memory.memsw.limit_in_bytes",
     .readback = READBACK_BYTES,
     .partner = "memory.limit_in_bytes",
     .usage_file = "memory.memsw.usage_in_bytes"},
    /* Recent kernels take the value and do not apply it. */
    {.version = 1,
     .file = "memory.kmem.limit_in_bytes",
     .readback = READBACK_BYTES,
     .verify_file = "memory.kmem.limit_in_bytes",
     .usage_file = "memory.kmem.usage_in_bytes"},
    {.version = 1,
     .file = "memory.kmem.tcp.limit_in_bytes",
     .readback = READBACK_BYTES,
     .verify_file = "memory.kmem.tcp.limit_in_bytes",
     .usage_file = "memory.kmem.tcp.usage_in_bytes"},
    {.version = 1, .file = "memory.soft_limit_in_bytes", .readback = READBACK_BYTES},
    {.version = 1, .file = "memory.oom_control", .readback = READBACK_OOM},
    {.version = 2, .file = "memory.min", .readback = READBACK_BYTES},
    {.version = 2, .file = "memory.low", .readback = READBACK_BYTES},
    {.version = 2, .file = "memory.high", .readback = READBACK_BYTES},
    {.version = 2, .file = "memory.reclaim", .readback = READBACK_NEVER},
    {.version = 2, .file = "memory.*max", .readback = READBACK_BYTES},
    {.version = 2, .file = "memory.swap.high", .readback = READBACK_BYTES},
    {.version = 2, .file = "*.pressure", .readback = READBACK_NEVER},
    /* The new quota may be too small for the old burst, the new period too short for the
     * old quota, the new burst too large for the old quota. */
    {.version = 1, .file = "cpu.cfs_period_us", .partner = "cpu.cfs_quota_us"},
    {.version = 1, .file = "cpu.cfs_quota_us", .partner = "cpu.cfs_burst_us"},
    {.version = 1, .file = "cpu.cfs_burst_us", .partner = "cpu.cfs_quota_us"},
    {.version = 1, .file = "cpu.rt_period_us", .partner = "cpu.rt_runtime_us"},
    {.version = 1, .file = "cpu.rt_runtime_us", .partner = "cpu.rt_period_us"},
    {.version = 2, .file = "cpu.max", .readback = READBACK_FIELDS, .partner = "cpu.max.burst"},
    {.version = 2, .file = "cpu.max.burst", .partner = "cpu.max"},
    /* An idle group refuses both; one that was left idle is woken. */
    {.version = 1,
     .file = "cpu.shares",
     .readback = READBACK_SHARES,
     .partner = "cpu.idle",
     .partner_value = "0"},
    {.version = 2, .file = "cpu.weight", .partner = "cpu.idle", .partner_value = "0"},
    {.version = 1, .file = "cpuset.cpus", .readback = READBACK_LIST},
    {.version = 1, .file = "cpuset.mems", .readback = READBACK_LIST},
    {.version = 1, .file = "cpus", .readback = READBACK_LIST},
    {.version = 1, .file = "mems", .readback = READBACK_LIST},
    /* v2 takes what the parent does not have, and then runs the group elsewhere. */
    {.version = 2,
     .file = "cpuset.cpus",
     .readback = READBACK_LIST,
     .verify_file = "cpuset.cpus.effective"},
    {.version = 2,
     .file = "cpuset.mems",
     .readback = READBACK_LIST,
     .verify_file = "cpuset.mems.effective"},
    {.version = 1,
     .file = "blkio.throttle.read_iops_device",
     .readback = READBACK_LINES,
     .verify_file = "blkio.throttle.read_iops_device"},
    {.version = 1,
     .file = "blkio.throttle.write_iops_device",
     .readback = READBACK_LINES,
     .verify_file = "blkio.throttle.write_iops_device"},
    {.version = 1, .file = "blkio.*", .readback = READBACK_LINES},
    {.version = 2, .file = "io.max", .readback = READBACK_PAIRS},
    {.version = 2, .file = "io.latency", .readback = READBACK_PAIRS},
    {.version = 2, .file = "io.weight", .readback = READBACK_LINES, .twin = "io.bfq.weight"},
    {.version = 2, .file = "io.bfq.weight", .readback = READBACK_LINES, .twin = "io.weight"},
    {.version = 1, .file = "hugetlb.*limit_in_bytes", .readback = READBACK_HUGE},
    {.version = 2, .file = "hugetlb.*max", .readback = READBACK_HUGE},
    {.version = 1, .file = "rdma.max", .readback = READBACK_PAIRS},
    {.version = 2, .file = "rdma.max", .readback = READBACK_PAIRS},
    {.version = 2, .file = "misc.max", .readback = READBACK_LINES},
    {.version = 1, .file = "net_prio.ifpriomap", .readback = READBACK_LINES},
};

#define IDLE_HINT  "an idle group takes no weight: write 0 to cpu.idle first"
#define NO_DEVICE  "this host has no such block device, or it is a partition"
#define NO_SWAP    "swap accounting is off: boot with swapaccount=1 on a kernel with CONFIG_MEMCG_SWAP"
#define NO_PAGES   "this host has no huge pages of that size"
#define NOT_SUBSET "it is not a subset of the parent's: widen the parent, or ask for less"
#define NO_INDEX   "this host has no such CPU or memory node"
#define IN_USE     "tasks or child groups still use it"
#define NO_BFQ     "the device does not use the bfq scheduler: see /sys/block/DEVICE/queue/scheduler"
#define NO_IOCOST  "iocost is off for that device: see io.cost.qos in the root cgroup"

static const struct {
	int version; /* 0: both */
	int os;
	const char *file, *text;
} hints[] = {
    {1, EBUSY, "memory.limit_in_bytes", "the group uses more and the kernel cannot reclaim enough"},
    {1, EINVAL, "memory.limit_in_bytes", "it must not exceed memory.memsw.limit_in_bytes"},
    {1, EINVAL, "memory.memsw.limit_in_bytes", "it must not be below memory.limit_in_bytes"},
    {1, EBUSY, "memory.memsw.limit_in_bytes", "the group uses more memory and swap than that"},
    {1, ENOENT, "memory.memsw.*", NO_SWAP},
    {2, ENOENT, "memory.swap.*", NO_SWAP},
    {1, ENOENT, "memory.kmem.*", "this kernel has no limit for kernel memory"},
    {1, EOPNOTSUPP, "memory.kmem.*", "this kernel has no limit for kernel memory"},
    {1, EINVAL, "cpu.cfs_quota_us",
     "quota / period must not exceed the parent's, nor be exceeded by a child's (crun has one "
     "below its scope), quota must not be below cpu.cfs_burst_us"},
    {1, EINVAL, "cpu.cfs_period_us",
     "quota / period must not exceed the parent's, nor be exceeded by a child's"},
    {1, EINVAL, "cpu.cfs_burst_us", "burst must not exceed cpu.cfs_quota_us"},
    {2, EINVAL, "cpu.max", "the quota must not be below cpu.max.burst"},
    {2, EINVAL, "cpu.max.burst", "burst must not exceed the quota in cpu.max"},
    {1, EINVAL, "cpu.shares", IDLE_HINT},
    {2, EINVAL, "cpu.weight", IDLE_HINT},
    {1, EINVAL, "cpu.rt_*", "runtime / period must fit into what the parent has left"},
    {1, EBUSY, "cpu.rt_runtime_us", "real-time tasks in the group still need it"},
    {1, ENOENT, "cpu.rt_*", "this kernel is built without CONFIG_RT_GROUP_SCHED"},
    {1, EACCES, "cpuset.*", NOT_SUBSET},
    {1, EACCES, "cpus", NOT_SUBSET},
    {1, EACCES, "mems", NOT_SUBSET},
    {0, ERANGE, "cpuset.*", NO_INDEX},
    {0, EINVAL, "cpuset.mems", NO_INDEX},
    {0, EBUSY, "cpuset.*", IN_USE},
    {0, ENOSPC, "cpuset.*", IN_USE},
    {0, ENODEV, "*_device", NO_DEVICE},
    {0, ENODEV, "io.*", NO_DEVICE},
    {2, EOPNOTSUPP, "io.bfq.weight", NO_BFQ},
    {1, EOPNOTSUPP, "blkio.bfq.weight_device", NO_BFQ},
    {2, EOPNOTSUPP, "io.weight", NO_IOCOST},
    {2, ERANGE, "io.max", "0 is not a rate: write max to lift the limit"},
    {2, EINVAL, "io.max", "a rate is at least 2, or max"},
    {0, ENOENT, "hugetlb.*", NO_PAGES},
    {1, EBUSY, "hugetlb.*", "the group uses more huge pages than that"},
    {0, ENODEV, "rdma.max", "this host has no such RDMA device"},
    {1, ENODEV, "net_prio.ifpriomap", "this network namespace has no such interface"},
    {0, EACCES, "cgroup.procs",
     "moving needs write access to cgroup.procs of the source, the target and their ancestor"},
    {0, EPERM, "devices.allow", "the parent cgroup does not allow it"},
    {0, ESRCH, "cgroup.procs", "the process is gone"},
    {1, ENOSPC, "cgroup.procs", "the cpuset of this group has no CPUs or no memory nodes"},
    {1, EINVAL, "cgroup.procs",
     "a real-time process needs cpu.rt_runtime_us here, a new one a moment"},
    {2, EBUSY, "cgroup.procs", "controllers are enabled below this group: only a leaf takes one"},
    {2, EOPNOTSUPP, "cgroup.procs", "the cgroup.type of this group takes threads only"},
    {2, EBUSY, "cgroup.subtree_control",
     "processes sit in this group itself, and cgroup v2 allows them in leaves only"},
    {2, ENOENT, "cgroup.subtree_control", "an ancestor does not enable one of these controllers"},
    {2, EINVAL, "cgroup.subtree_control",
     "a name is unknown, or real-time tasks keep the cpu controller off"},
    {2, EOPNOTSUPP, "cgroup.subtree_control", "the group is threaded"},
    {0, EROFS, "*", "the cgroup tree is mounted read-only here"},
    {0, ENODEV, "*", "the cgroup was removed meanwhile"},
    {1, ENOENT, "*", "this kernel does not have the file, or the group is gone"},
    {2, ENOENT, "*", "the file's controller is not enabled for this group, or the group is gone"},
    {0, EACCES, "*", "this user may not write there: the cgroup is not delegated"},
    {0, EPERM, "*", "this user may not write there: the cgroup is not delegated"},
};

/* Does a name fit a name, or a pattern with one '*'? */
static bool fits(const char *pattern, const char *file)
{
	const char *star = strchr(pattern, '*');
	size_t head, tail, len = strlen(file);

	if (!star)
		return !strcmp(pattern, file);
	head = (size_t)(star - pattern);
	tail = strlen(star + 1);
	return len >= head + tail && !strncmp(pattern, file, head) &&
	       !strcmp(file + len - tail, star + 1);
}

const struct quirk *quirks_find(int version, const char *file)
{
	for (size_t i = 0; i < sizeof(quirks) / sizeof(*quirks); i++) {
		if (quirks[i].version == version && fits(quirks[i].file, file))
			return &quirks[i];
	}
	return NULL;
}

const char *quirks_hint(int version, const char *file, int os)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++) {
		if (hints[i].os == os && (!hints[i].version || hints[i].version == version) &&
		    fits(hints[i].file, file))
			return hints[i].text;
	}
	return NULL;
}

bool quirks_same(int version, const char *file, const char *wanted, const char *live,
		 uint64_t page_size)
{
	const struct quirk *q = quirks_find(version, file);

	return readback_same(q ? q->readback : READBACK_TEXT, file, wanted, live, page_size);
}

bool quirks_verified(const struct quirk *q, const char *wanted, const char *live,
		     uint64_t page_size)
{
	/* What a v2 cpuset really runs on is at least what was asked for. */
	enum readback form = q->readback == READBACK_LIST ? READBACK_WIDER : q->readback;

	return readback_same(form, q->file, wanted, live, page_size);
}
