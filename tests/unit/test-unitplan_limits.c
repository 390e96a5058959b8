/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-unitplan_limits - what is written to a group, in systemd's words
 *
 * A row has writes, and what they become: properties "NAME=VALUE", then steps
 * "verify FILE=VALUE" or "write FILE=VALUE", then warnings and notes, "! TEXT"; or
 * "input: TEXT", "host: TEXT". A text without a newline at its end is a beginning.
 * The properties that every scope has are left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/unitplan-scene.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct row {
	const char *steps, *want;
	enum scene_host host;
	bool adopt;
	uint64_t systemd;
};

#define ROW(s, w, ...)                                   \
	{                                                \
		.steps = (s), .want = (w), ##__VA_ARGS__ \
	}

static const struct row memory[] = {
    ROW("memory.max=536870912", "MemoryMax=536870912\nverify memory.max=536870912\n"),
    ROW("memory.max=max", "MemoryMax=infinity\nverify memory.max=max\n"),
    ROW("memory.max=512M", "MemoryMax=536870912\nverify memory.max=536870912\n"),
    ROW("memory.max= 4096 ", "MemoryMax=4096\nverify memory.max=4096\n"),
    ROW("memory.max=0", "host: /r: value 0: systemd takes no MemoryMax of 0"),
    ROW("memory.max=0K", "host: /r: value 0: systemd takes no MemoryMax of 0"),
    ROW("memory.max=much", "input: /r: value \"much\": expected max or bytes"),
    ROW("memory.high=1073741824", "MemoryHigh=1073741824\nverify memory.high=1073741824\n"),
    ROW("memory.high=0", "host: /r: value 0: systemd takes no MemoryHigh of 0"),
    ROW("memory.low=4096", "MemoryLow=4096\nverify memory.low=4096\n"),
    ROW("memory.low=0", "MemoryLow=0\nverify memory.low=0\n"),
    ROW("memory.low=max", "MemoryLow=infinity\nverify memory.low=max\n"),
    ROW("memory.min=4096", "MemoryMin=4096\nverify memory.min=4096\n"),
    ROW("memory.swap.max=0", "MemorySwapMax=0\nverify memory.swap.max=0\n"),
    ROW("memory.swap.max=max", "MemorySwapMax=infinity\nverify memory.swap.max=max\n"),
    ROW("memory.zswap.max=1G", "MemoryZSwapMax=1073741824\nverify memory.zswap.max=1073741824\n"),
    ROW("memory.zswap.writeback=0", "MemoryZSwapWriteback=no\nverify memory.zswap.writeback=0\n"),
    ROW("memory.zswap.writeback=1", "MemoryZSwapWriteback=yes\nverify memory.zswap.writeback=1\n"),
    ROW("memory.zswap.writeback=no", "input: /r: value \"no\": expected 0 or 1"),
    ROW("memory.oom.group=1", "OOMPolicy=\"kill\"\nverify memory.oom.group=1\n"),
    ROW("memory.oom.group=0", "OOMPolicy=\"continue\"\nverify memory.oom.group=0\n"),
    ROW("memory.oom.group=2", "input: /r: value \"2\": expected 0 or 1"),
    /* no property */
    ROW("memory.swap.high=4096", "write memory.swap.high=4096\n"),
    ROW("hugetlb.2MB.max=2097152", "write hugetlb.2MB.max=2097152\n"),
    ROW("cgroup.freeze=1", "write cgroup.freeze=1\n"),
    /* the last word counts, once */
    ROW("memory.max=8192@/a\nmemory.high=1@/h\nmemory.max=4096@/b",
	"MemoryHigh=1\nMemoryMax=4096\nverify memory.high=1\nverify memory.max=4096\n"),
    /* v1 */
    ROW("memory.limit_in_bytes=536870912",
	"MemoryLimit=536870912\nverify memory.limit_in_bytes=536870912\n", .host = V1),
    ROW("memory.limit_in_bytes=-1", "MemoryLimit=infinity\nverify memory.limit_in_bytes=-1\n",
	.host = V1),
    ROW("memory.memsw.limit_in_bytes=8192\nmemory.soft_limit_in_bytes=4096",
	"write memory.memsw.limit_in_bytes=8192\nwrite memory.soft_limit_in_bytes=4096\n",
	.host = V1),
    /* a v2 tree beside v1 controllers is none that systemd sets limits on */
    ROW("pids.max=7\nmemory.limit_in_bytes=4096",
	"MemoryLimit=4096\nwrite pids.max=7\nverify memory.limit_in_bytes=4096\n", .host = HYBRID),
};

static const struct row others[] = {
    ROW("pids.max=512", "TasksMax=512\nverify pids.max=512\n"),
    ROW("pids.max=max", "TasksMax=infinity\nverify pids.max=max\n"),
    ROW("pids.max=0", "TasksMax=1\nverify pids.max=1\n! /r: 0 becomes 1, systemd takes no 0"),
    ROW("pids.max=x", "input: /r: value \"x\": expected max or a number"),
    ROW("pids.max=512", "TasksMax=512\nverify pids.max=512\n", .host = V1),
    /* masks: bit 0 of the first byte is CPU 0 */
    ROW("cpuset.cpus=0", "AllowedCPUs=[01]\nverify cpuset.cpus=0\n"),
    ROW("cpuset.cpus=0-1", "AllowedCPUs=[03]\nverify cpuset.cpus=0-1\n"),
    ROW("cpuset.cpus=0,2", "AllowedCPUs=[05]\nverify cpuset.cpus=0,2\n"),
    ROW("cpuset.cpus=0-15", "AllowedCPUs=[ff ff]\nverify cpuset.cpus=0-15\n"),
    ROW("cpuset.cpus=16", "AllowedCPUs=[00 00 01]\nverify cpuset.cpus=16\n"),
    ROW("cpuset.cpus=0,8", "AllowedCPUs=[01 01]\nverify cpuset.cpus=0,8\n"),
    ROW("cpuset.cpus=0-2,4-6", "AllowedCPUs=[77]\nverify cpuset.cpus=0-2,4-6\n"),
    ROW("cpuset.cpus=0-4,9", "AllowedCPUs=[1f 02]\nverify cpuset.cpus=0-4,9\n"),
    ROW("cpuset.cpus=0-3,32-33", "AllowedCPUs=[0f 00 00 00 03]\nverify cpuset.cpus=0-3,32-33\n"),
    ROW("cpuset.cpus=7", "AllowedCPUs=[80]\nverify cpuset.cpus=7\n"),
    ROW("cpuset.cpus=1, 0", "AllowedCPUs=[03]\nverify cpuset.cpus=0-1\n"),
    ROW("cpuset.mems=0-1", "AllowedMemoryNodes=[03]\nverify cpuset.mems=0-1\n"),
    ROW("cpuset.cpus=0-7:1/2", "input: /r: value \"0-7:1/2\""),
    ROW("cpuset.cpus=54-53", "input: /r: value \"54-53\""),
    ROW("cpuset.cpus=-3", "input: /r: value \"-3\""),
    ROW("cpuset.cpus.partition=root", "write cpuset.cpus.partition=root\n"),
    ROW("cpuset.cpus=0", "write cpuset.cpus=0\n", .host = V1),
};

static const struct row cpu[] = {
    ROW("cpu.weight=39", "CPUWeight=39\nverify cpu.weight=39\n"),
    ROW("cpu.weight=heavy", "input: /r: value \"heavy\": expected a number"),
    ROW("cpu.idle=1", "CPUWeight=0\nverify cpu.idle=1\n"),
    ROW("cpu.idle=0", "verify cpu.idle=0\n"),
    ROW("cpu.idle=2", "input: /r: value \"2\": expected 0 or 1"),
    ROW("cpu.idle=0\ncpu.weight=50", "CPUWeight=50\nverify cpu.idle=0\nverify cpu.weight=50\n"),
    ROW("cpu.idle=1\ncpu.weight=50@/w",
	"CPUWeight=0\nverify cpu.idle=1\n! /w: 50 is left out, an idle group takes no weight\n"),
    ROW("cpu.idle=1\ncpu.weight=50\ncpu.idle=0", "CPUWeight=50\nverify cpu.weight=50\n"
						 "verify cpu.idle=0\n"),
    ROW("cpu.shares=512", "CPUShares=512\nverify cpu.shares=512\n", .host = V1),
    ROW("cpu.idle=1", "write cpu.idle=1\n", .host = V1),
    /* quota: per second, whole percent, rounded up */
    ROW("cpu.max=50000 100000", "CPUQuotaPerSecUSec=500000\nverify cpu.max=50000 100000\n"),
    ROW("cpu.max=33333 100000",
	"CPUQuotaPerSecUSec=340000\nverify cpu.max=34000 100000\n"
	"! /r: 33333 of 100000 microseconds becomes 34000 of 100000, systemd counts in whole "
	"percent of a CPU\n"),
    ROW("cpu.max=10001 100000",
	"CPUQuotaPerSecUSec=110000\nverify cpu.max=11000 100000\n! /r: 10001 of 100000"),
    ROW("cpu.max=1000 100000", "CPUQuotaPerSecUSec=10000\nverify cpu.max=1000 100000\n"),
    ROW("cpu.max=600000 900000",
	"CPUQuotaPerSecUSec=670000\nCPUQuotaPeriodUSec=900000\nverify cpu.max=603000 900000\n"
	"! /r: 600000 of 900000 microseconds becomes 603000 of 900000"),
    ROW("cpu.max=300000 1000000",
	"CPUQuotaPerSecUSec=300000\nCPUQuotaPeriodUSec=1000000\nverify cpu.max=300000 1000000\n"),
    ROW("cpu.max=25000 50000",
	"CPUQuotaPerSecUSec=500000\nCPUQuotaPeriodUSec=50000\nverify cpu.max=25000 50000\n"),
    ROW("cpu.max=1000 1000000", "CPUQuotaPerSecUSec=10000\nCPUQuotaPeriodUSec=1000000\n"
				"verify cpu.max=10000 1000000\n! /r: 1000 of 1000000"),
    ROW("cpu.max=1000 1000", "CPUQuotaPerSecUSec=1000000\nCPUQuotaPeriodUSec=1000\n"
			     "verify cpu.max=1000 1000\n"),
    ROW("cpu.max=1000 10000", "CPUQuotaPerSecUSec=100000\nCPUQuotaPeriodUSec=10000\n"
			      "verify cpu.max=1000 10000\n"),
    ROW("cpu.max=200000", "CPUQuotaPerSecUSec=2000000\nverify cpu.max=200000 100000\n"),
    ROW("cpu.max=50000 50000\ncpu.max=25000",
	"CPUQuotaPerSecUSec=500000\nCPUQuotaPeriodUSec=50000\nverify cpu.max=25000 50000\n"),
    ROW("cpu.max=max", "CPUQuotaPerSecUSec=infinity\nverify cpu.max=max 100000\n"),
    ROW("cpu.max=max 50000",
	"CPUQuotaPerSecUSec=infinity\nverify cpu.max=max 100000\n"
	"! /r: the period of 50000 is left out, systemd keeps none without a quota\n"),
    ROW("cpu.max=17592186044415 100000",
	"CPUQuotaPerSecUSec=175921860450000\nverify cpu.max=17592186045000 100000\n! /r: 175"),
    ROW("cpu.max=17592186044415 1000",
	"CPUQuotaPerSecUSec=17592186044420000\n"
	"CPUQuotaPeriodUSec=1000\nverify cpu.max=17592186044420 1000\n"
	"! /r: 17592186044415 of 1000"),
    ROW("cpu.max=17592186044415 1000",
	"host: /r: 17592186044415 of 1000 microseconds: more than systemd can count; use max",
	.systemd = 241),
    ROW("cpu.max=17592186044416", "input: /r: quota 17592186044416: expected max or 1000.."),
    ROW("cpu.max=999", "input: /r: quota 999: expected max or 1000.."),
    ROW("cpu.max=5000 999", "input: /r: period 999: expected 1000..1000000"),
    ROW("cpu.max=5000 1000001", "input: /r: period 1000001"),
    ROW("cpu.max=half", "input: /r: value \"half\": expected \"QUOTA PERIOD\""),
    ROW("cpu.max=5000 5000 1", "input: /r: value \"5000 5000 1\""),
    ROW("cpu.max.burst=1000", "write cpu.max.burst=1000\n"),
    /* the same on v1, with two files */
    ROW("cpu.cfs_period_us=50000\ncpu.cfs_quota_us=25000",
	"CPUQuotaPerSecUSec=500000\nCPUQuotaPeriodUSec=50000\nverify cpu.cfs_period_us=50000\n"
	"verify cpu.cfs_quota_us=25000\n",
	.host = V1),
    ROW("cpu.cfs_period_us=900000@/p\ncpu.cfs_quota_us=600000@/q",
	"CPUQuotaPerSecUSec=670000\nCPUQuotaPeriodUSec=900000\nverify cpu.cfs_period_us=900000\n"
	"verify cpu.cfs_quota_us=603000\n"
	"! /q: 600000 of 900000 microseconds becomes 603000 of 900000, systemd counts in whole "
	"percent of a CPU\n",
	.host = V1),
    ROW("cpu.cfs_quota_us=33333",
	"CPUQuotaPerSecUSec=340000\nverify cpu.cfs_quota_us=34000\n! /r: 33333", .host = V1),
    ROW("cpu.cfs_quota_us=-1", "CPUQuotaPerSecUSec=infinity\nverify cpu.cfs_quota_us=-1\n",
	.host = V1),
    ROW("cpu.cfs_period_us=50000",
	"CPUQuotaPerSecUSec=infinity\nverify cpu.cfs_period_us=100000\n! /r: the period of 50000",
	.host = V1),
    ROW("cpu.cfs_burst_us=1000\ncpu.rt_runtime_us=950",
	"write cpu.cfs_burst_us=1000\nwrite cpu.rt_runtime_us=950\n", .host = V1),
};

static const struct row io[] = {
    ROW("io.weight=910", "IOWeight=910\nverify io.weight=910\n"),
    ROW("io.weight=default 910", "IOWeight=910\nverify io.weight=910\n"),
    ROW("io.bfq.weight=50", "IOWeight=50\nverify io.bfq.weight=50\n"),
    ROW("io.bfq.weight=101", "IOWeight=111\nverify io.bfq.weight=101\n"),
    ROW("io.bfq.weight=500", "IOWeight=4500\nverify io.bfq.weight=500\n"),
    ROW("io.bfq.weight=1000", "IOWeight=10000\nverify io.bfq.weight=1000\n"),
    /* one wish for both files: exact for bfq */
    ROW("io.bfq.weight=500@/w\nio.weight=4950@/w",
	"IOWeight=4500\nverify io.bfq.weight=500\nverify io.weight=4500\n"),
    /* two wishes: the later one, and a word about the other */
    ROW("io.bfq.weight=500@/w\nio.weight=4950@/w\nio.weight=300@/u",
	"IOWeight=300\nverify io.bfq.weight=118\nverify io.weight=300\n"
	"! /w: io.bfq.weight becomes 118, systemd makes it from the weight of /u\n"),
    ROW("io.weight=300@/u\nio.bfq.weight=118@/v",
	"IOWeight=298\nverify io.weight=298\nverify io.bfq.weight=118\n"
	"! /u: io.weight becomes 298, systemd makes it from the weight of /v\n"),
    ROW("io.bfq.weight=8:0 500", "IODeviceWeight=[/dev/block/8:0 4500]\n"
				 "verify io.bfq.weight=8:0 500\n"),
    ROW("io.bfq.weight=200@/w\nio.bfq.weight=8:0 50@/a\nio.bfq.weight=8:16 100@/b",
	"IOWeight=1200\nIODeviceWeight=[/dev/block/8:0 50, /dev/block/8:16 100]\n"
	"verify io.bfq.weight=200\nverify io.bfq.weight=8:0 50\nverify io.bfq.weight=8:16 100\n"),
    ROW("io.weight=8:0 300@/a\nio.weight=8:0 400@/b",
	"IODeviceWeight=[/dev/block/8:0 400]\nverify io.weight=8:0 400\n"),
    ROW("io.weight=0", "input: /r: value \"0\": expected WEIGHT, or MAJOR:MINOR WEIGHT"),
    ROW("io.weight=10001", "input: /r: value \"10001\""),
    ROW("io.bfq.weight=1001", "input: /r: value \"1001\""),
    ROW("io.weight=8:0 default", "input: /r: value \"8:0 default\""),
    ROW("io.weight=sda 7", "input: /r: value \"sda 7\""),
    /* throttles */
    ROW("io.max=8:0 rbps=1048576", "IOReadBandwidthMax=[/dev/block/8:0 1048576]\n"
				   "verify io.max=8:0 rbps=1048576\n"),
    ROW("io.max=8:0 wbps=max", "IOWriteBandwidthMax=[/dev/block/8:0 infinity]\n"
			       "verify io.max=8:0 wbps=max\n"),
    ROW("io.max=8:0 riops=120 wiops=7",
	"IOReadIOPSMax=[/dev/block/8:0 120]\nIOWriteIOPSMax=[/dev/block/8:0 7]\n"
	"verify io.max=8:0 riops=120 wiops=7\n"),
    ROW("io.max=8:0 rbps=2\nio.max=259:1 rbps=3",
	"IOReadBandwidthMax=[/dev/block/8:0 2, /dev/block/259:1 3]\nverify io.max=8:0 rbps=2\n"
	"verify io.max=259:1 rbps=3\n"),
    ROW("io.max=8:0 rbps=2 wbps=3\nio.max=8:0 rbps=5",
	"IOWriteBandwidthMax=[/dev/block/8:0 3]\nIOReadBandwidthMax=[/dev/block/8:0 5]\n"
	"verify io.max=8:0 wbps=3\nverify io.max=8:0 rbps=5\n"),
    ROW("io.max=8:0 rbps=2\nio.max=8:0 rbps=5 wbps=1",
	"IOReadBandwidthMax=[/dev/block/8:0 5]\nIOWriteBandwidthMax=[/dev/block/8:0 1]\n"
	"verify io.max=8:0 rbps=5 wbps=1\n"),
    ROW("io.max=8:0", "input: /r: value \"8:0\": expected MAJOR:MINOR and rbps="),
    ROW("io.max=8:0 bps=1", "input: /r: value \"8:0 bps=1\""),
    ROW("io.max=8:0 rbps=", "input: /r: value \"8:0 rbps=\""),
    ROW("io.max=rbps=1", "input: /r: value \"rbps=1\""),
    ROW("io.max=8: rbps=1", "input: /r: value \"8: rbps=1\""),
    ROW("io.latency=8:0 target=100", "write io.latency=8:0 target=100\n"),
    /* v1 */
    ROW("blkio.weight=500", "BlockIOWeight=500\nverify blkio.weight=500\n", .host = V1),
    ROW("blkio.bfq.weight=100", "BlockIOWeight=100\nverify blkio.bfq.weight=100\n", .host = V1),
    ROW("blkio.bfq.weight=101", "BlockIOWeight=111\nverify blkio.bfq.weight=101\n", .host = V1),
    ROW("blkio.bfq.weight=181", "BlockIOWeight=991\nverify blkio.bfq.weight=181\n", .host = V1),
    ROW("blkio.bfq.weight=182",
	"write blkio.bfq.weight=182\n! /r: BlockIOWeight can say at most 181 for bfq: 182 is "
	"written by hand, and a daemon-reload may reset it\n",
	.host = V1),
    ROW("blkio.throttle.read_bps_device=8:0 1\nblkio.weight_device=8:0 200",
	"write blkio.throttle.read_bps_device=8:0 1\nwrite blkio.weight_device=8:0 200\n",
	.host = V1),
};

#define BY_HAND(file) ": " file " is written by hand, and a daemon-reload may reset it\n"

/* The version before each property came, and the first that has it. */
static const struct row gates[] = {
    ROW("memory.max=4096",
	"write memory.max=4096\n! /r: systemd 230 has no MemoryMax" BY_HAND("memory.max"),
	.systemd = 230),
    ROW("memory.max=4096", "MemoryMax=4096\nverify memory.max=4096\n", .systemd = 231),
    ROW("memory.high=4096", "write memory.high=4096\n! /r: systemd 230 has no MemoryHigh",
	.systemd = 230),
    ROW("memory.low=4096", "write memory.low=4096\n! /r: systemd 230 has no MemoryLow",
	.systemd = 230),
    ROW("memory.min=4096", "write memory.min=4096\n! /r: systemd 239 has no MemoryMin",
	.systemd = 239),
    ROW("memory.min=4096", "MemoryMin=4096\nverify memory.min=4096\n", .systemd = 240),
    ROW("memory.swap.max=0", "write memory.swap.max=0\n! /r: systemd 231 has no MemorySwapMax",
	.systemd = 231),
    ROW("memory.zswap.max=0", "write memory.zswap.max=0\n! /r: systemd 252 has no MemoryZSwapMax",
	.systemd = 252),
    ROW("memory.zswap.max=0", "MemoryZSwapMax=0\nverify memory.zswap.max=0\n", .systemd = 253),
    ROW("memory.zswap.writeback=0",
	"write memory.zswap.writeback=0\n! /r: systemd 255 has no MemoryZSwapWriteback" BY_HAND(
	    "memory.zswap.writeback"),
	.systemd = 255),
    ROW("memory.zswap.writeback=0", "MemoryZSwapWriteback=no\nverify memory.zswap.writeback=0\n",
	.systemd = 256),
    ROW("memory.zswap.writeback=1", "write memory.zswap.writeback=1\n", .systemd = 255),
    ROW("memory.oom.group=1", "write memory.oom.group=1\n! /r: systemd 252 has no OOMPolicy",
	.systemd = 252),
    ROW("pids.max=7", "write pids.max=7\n! /r: systemd 226 has no TasksMax", .systemd = 226),
    ROW("cpu.weight=7", "write cpu.weight=7\n! /r: systemd 231 has no CPUWeight", .systemd = 231),
    ROW("cpu.idle=1",
	"write cpu.idle=1\n! /r: systemd 251 has no CPUWeight of 0" BY_HAND("cpu.idle"),
	.systemd = 251),
    ROW("cpu.idle=1", "CPUWeight=0\nverify cpu.idle=1\n", .systemd = 252),
    ROW("cpu.idle=0\ncpu.weight=7", "CPUWeight=7\nwrite cpu.idle=0\nverify cpu.weight=7\n",
	.systemd = 251),
    ROW("cpu.idle=1\ncpu.weight=7@/w",
	"write cpu.idle=1\n! /r: systemd 251 has no CPUWeight of 0" BY_HAND(
	    "cpu.idle") "! /w: 7 is left out, an idle group takes no weight\n",
	.systemd = 251),
    ROW("cpuset.cpus=0", "write cpuset.cpus=0\n! /r: systemd 243 has no AllowedCPUs",
	.systemd = 243),
    ROW("cpuset.mems=0", "write cpuset.mems=0\n! /r: systemd 243 has no AllowedMemoryNodes",
	.systemd = 243),
    ROW("cpuset.cpus=0", "AllowedCPUs=[01]\nverify cpuset.cpus=0\n", .systemd = 244),
    ROW("io.weight=7", "write io.weight=7\n! /r: systemd 229 has no IOWeight", .systemd = 229),
    ROW("io.max=8:0 rbps=7", "write io.max=8:0 rbps=7\n! /r: systemd 229 has no IOReadBandwidthMax",
	.systemd = 229),
    ROW("cpu.max=25000 50000",
	"CPUQuotaPerSecUSec=500000\nverify cpu.max=50000 100000\n"
	"! /r: 25000 of 50000 microseconds becomes 50000 of 100000, systemd before version 242 "
	"has one period\n",
	.systemd = 241),
    ROW("cpu.max=25000 50000",
	"CPUQuotaPerSecUSec=500000\nCPUQuotaPeriodUSec=50000\nverify cpu.max=25000 50000\n",
	.systemd = 242),
    /* what systemd leaves there by itself needs no word */
    ROW("memory.min=0\nmemory.zswap.max=max\nmemory.oom.group=0",
	"write memory.min=0\nwrite memory.zswap.max=max\nwrite memory.oom.group=0\n",
	.systemd = 239),
    /* one word, for the write that counts */
    ROW("memory.min=1@/a\nmemory.min=2@/b",
	"write memory.min=1\nwrite memory.min=2\n! /b: systemd 239 has no MemoryMin" BY_HAND(
	    "memory.min"),
	.systemd = 239),
    /* v1 ends */
    ROW("memory.limit_in_bytes=4096",
	"write memory.limit_in_bytes=4096\n! /r: systemd 258 has no MemoryLimit any more",
	.host = V1, .systemd = 258),
    ROW("cpu.shares=7", "write cpu.shares=7\n! /r: systemd 258 has no CPUShares any more",
	.host = V1, .systemd = 258),
    ROW("blkio.weight=70", "write blkio.weight=70\n! /r: systemd 258 has no BlockIOWeight any more",
	.host = V1, .systemd = 258),
    ROW("memory.limit_in_bytes=4096", "MemoryLimit=4096\nverify memory.limit_in_bytes=4096\n",
	.host = V1, .systemd = 229),
    /* systemd runs, which one is not known */
    ROW("memory.zswap.max=0\ncpu.max=25000 50000",
	"MemoryZSwapMax=0\nCPUQuotaPerSecUSec=500000\nCPUQuotaPeriodUSec=50000\n"
	"verify memory.zswap.max=0\nverify cpu.max=25000 50000\n"
	"! the version of systemd is not known: taken as a current one\n",
	.systemd = 1),
    ROW("memory.limit_in_bytes=4096",
	"MemoryLimit=4096\nverify memory.limit_in_bytes=4096\n! the version of systemd", .host = V1,
	.systemd = 1),
};

/* The runtime's unit: properties, and the files as well, with what systemd would make of them. */
static const struct row adopted[] = {
    ROW("memory.max=4096", "MemoryMax=4096\nset\nwrite memory.max=4096\n", .adopt = true),
    ROW("cpu.max=33333 100000",
	"CPUQuotaPerSecUSec=340000\nCPUQuotaPeriodUSec=infinity\nset\nwrite cpu.max=34000 "
	"100000\n! /r: 33333",
	.adopt = true),
    ROW("io.bfq.weight=500@/w\nio.weight=4950@/w",
	"IOWeight=4500\nset\nwrite io.bfq.weight=500\nwrite io.weight=4500\n", .adopt = true),
    ROW("memory.max=8192\nmemory.max=4096", "MemoryMax=4096\nset\nwrite memory.max=4096\n",
	.adopt = true),
    ROW("memory.max=0",
	"write memory.max=0\n! /r: systemd takes no MemoryMax of 0" BY_HAND("memory.max"),
	.adopt = true),
    ROW("memory.high=4096\nmemory.high= 0K",
	"write memory.high= 0K\n! /r: systemd takes no MemoryHigh of 0" BY_HAND("memory.high"),
	.adopt = true),
    ROW("memory.oom.group=1",
	"write memory.oom.group=1\n! /r: systemd takes OOMPolicy when a unit starts only" BY_HAND(
	    "memory.oom.group"),
	.adopt = true),
    ROW("memory.zswap.writeback=0",
	"MemoryZSwapWriteback=no\nset\nwrite memory.zswap.writeback=0\n", .adopt = true),
    ROW("memory.min=1", "write memory.min=1\n! /r: systemd 239 has no MemoryMin", .adopt = true,
	.systemd = 239),
    ROW("hugetlb.2MB.max=2097152", "write hugetlb.2MB.max=2097152\n", .adopt = true),
    ROW("", "", .adopt = true),
    ROW("cpu.cfs_period_us=900000\ncpu.cfs_quota_us=600000",
	"CPUQuotaPerSecUSec=670000\nCPUQuotaPeriodUSec=900000\nset\n"
	"write cpu.cfs_period_us=900000\nwrite cpu.cfs_quota_us=603000\n! /r: 600000",
	.host = V1, .adopt = true),
    ROW("pids.max=0", "TasksMax=1\nset\nwrite pids.max=1\n! /r: 0 becomes 1", .host = V1,
	.adopt = true),
};

/* --- a row --- */

static bool is_of_every_scope(const struct unit_property *p)
{
	static const char *const names[] = {
	    "Description",  "Slice",         "DefaultDependencies", "Delegate",
	    "CollectMode",  "CPUAccounting", "MemoryAccounting",    "TasksAccounting",
	    "IOAccounting", "PIDs",          "BlockIOAccounting",   "TimeoutStopUSec",
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(p->name, names[i]) == 0)
			return true;
	return strcmp(p->name, "TasksMax") == 0 && strcmp(p->why, "default") == 0;
}

static void render(struct text *out, struct scene *scene)
{
	const struct plan *p = &scene->plan;

	text_puts(out, "");
	for (size_t i = 0; i < p->properties.n; i++) {
		const struct unit_property *u = &p->properties.list[i];

		if (is_of_every_scope(u))
			continue;
		text_printf(out, "%s=", u->name);
		unitprop_text(u, out);
		text_puts(out, "\n");
	}
	for (size_t i = 0; i < p->n_steps; i++) {
		const struct plan_step *s = &p->steps[i];

		if (s->op == PLAN_START)
			continue;
		text_puts(out, plan_op_name[s->op]);
		if (s->file)
			text_printf(out, " %s=%s", s->file, s->value);
		text_puts(out, "\n");
	}
	text_puts(out, scene_warnings(scene));
}

/* Does the row come out? */
static bool run(const struct row *row, struct text *got)
{
	struct scene s;
	bool ok;

	scene_open(&s, row->host, row->adopt, row->systemd);
	scene_write(&s, row->steps);
	if (unitplan(&s.plan, &s.in, &s.e) == 0) {
		size_t n = strlen(row->want);

		render(got, &s);
		ok = n && row->want[n - 1] != '\n' ? strncmp(got->s, row->want, n) == 0
						   : strcmp(got->s, row->want) == 0;
	} else {
		text_printf(got, "%s: %s", s.e.kind == ERROR_INPUT ? "input" : "host", s.e.text);
		ok = strncmp(got->s, row->want, strlen(row->want)) == 0;
	}
	scene_close(&s);
	return ok;
}

static void check(const struct row *rows, size_t n)
{
	size_t wrong = 0;

	for (size_t i = 0; i < n; i++) {
		struct text got = {0};

		if (!run(&rows[i], &got)) {
			print_error("%s\n-- want\n%s\n-- got\n%s\n", rows[i].steps, rows[i].want,
				    got.s);
			wrong++;
		}
		text_free(&got);
	}
	assert_int_equal(wrong, 0);
}

#define TABLE(name)                           \
	static void test_##name(void **state) \
	{                                     \
		(void)state;                  \
		check(name, COUNT(name));     \
	}

TABLE(memory)
TABLE(others)
TABLE(cpu)
TABLE(io)
TABLE(gates)
TABLE(adopted)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_memory), cmocka_unit_test(test_others),
	    cmocka_unit_test(test_cpu),    cmocka_unit_test(test_io),
	    cmocka_unit_test(test_gates),  cmocka_unit_test(test_adopted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
