/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage - what a control group uses, and the limits beside it, as numbers
 *
 * One value for both cgroup versions: which file tells what, and in which unit,
 * is a table. Pure: usage_read.c reads the files, show and list print. A number
 * whose file the kernel does not have is not set. Bytes, microseconds, counts.
 *
 * Limits. v1 counts memory and swap together (memsw) where v2 counts swap
 * alone, so both have members of their own. v1's failcnt is taken for v2's
 * event "max": both count how often the limit was hit.
 */
#ifndef VMCG_HOOK_USAGE_H
#define VMCG_HOOK_USAGE_H

#include "hook/record.h"

/* A limit that does not limit. */
#define USAGE_NO_LIMIT UINT64_MAX

enum usage_item {
	USAGE_MEMORY_CURRENT,
	USAGE_MEMORY_PEAK,
	USAGE_MEMORY_MAX,
	USAGE_MEMORY_HIGH,
	USAGE_MEMORY_SOFT, /* v1 */
	USAGE_MEMORY_LOW,
	USAGE_MEMORY_MIN,
	USAGE_MEMORY_ANON,
	USAGE_MEMORY_FILE,
	USAGE_SWAP_CURRENT,
	USAGE_SWAP_PEAK,
	USAGE_SWAP_MAX,
	USAGE_SWAP_HIGH,
	USAGE_MEMSW_CURRENT, /* v1: memory and swap together */
	USAGE_MEMSW_PEAK,
	USAGE_MEMSW_MAX,
	USAGE_EVENTS_LOW,
	USAGE_EVENTS_HIGH,
	USAGE_EVENTS_MAX,
	USAGE_EVENTS_OOM,
	USAGE_EVENTS_OOM_KILL,
	USAGE_EVENTS_UNDER_OOM, /* v1: 1 while the group waits for memory */
	USAGE_CPU_TIME,
	USAGE_CPU_USER,
	USAGE_CPU_SYSTEM,
	USAGE_CPU_QUOTA,
	USAGE_CPU_PERIOD,
	USAGE_CPU_WEIGHT,
	USAGE_CPU_SHARES,
	USAGE_CPU_PERIODS,
	USAGE_CPU_THROTTLED,
	USAGE_CPU_THROTTLED_TIME,
	USAGE_PIDS_CURRENT,
	USAGE_PIDS_PEAK,
	USAGE_PIDS_MAX,
	USAGE_PIDS_REFUSED,
	USAGE_IO_WEIGHT,
	USAGE_IO_BFQ_WEIGHT,
	USAGE_ITEMS
};

/* Where an item stands in the JSON: usage.PART.NAME. */
struct usage_field {
	const char *part, *name;
};

extern const struct usage_field usage_fields[USAGE_ITEMS];

/* Of one block device. */
enum usage_io_item {
	USAGE_IO_READ_BYTES,
	USAGE_IO_WRITE_BYTES,
	USAGE_IO_DISCARD_BYTES,
	USAGE_IO_READ_OPS,
	USAGE_IO_WRITE_OPS,
	USAGE_IO_DISCARD_OPS,
	USAGE_IO_READ_BPS_MAX, /* the limits: set only where there is one */
	USAGE_IO_WRITE_BPS_MAX,
	USAGE_IO_READ_IOPS_MAX,
	USAGE_IO_WRITE_IOPS_MAX,
	USAGE_IO_ITEMS
};

extern const char *const usage_io_name[USAGE_IO_ITEMS];

struct usage_device {
	const char *number; /* "254:0" */
	const char *name;   /* "vda"; NULL: unknown */
	struct opt_uint v[USAGE_IO_ITEMS];
};

/* Of one size of huge pages. */
enum usage_huge_item {
	USAGE_HUGE_CURRENT,
	USAGE_HUGE_PEAK, /* v1 */
	USAGE_HUGE_MAX,
	USAGE_HUGE_RSVD_CURRENT,
	USAGE_HUGE_RSVD_MAX,
	USAGE_HUGE_REFUSED, /* pages that the limit refused */
	USAGE_HUGE_ITEMS
};

extern const char *const usage_huge_name[USAGE_HUGE_ITEMS];

struct usage_huge {
	const char *size; /* "2MB", as in the files' names */
	struct opt_uint v[USAGE_HUGE_ITEMS];
};

/* Pressure: the share of time in which some, or all, tasks waited. */
enum usage_resource { USAGE_CPU, USAGE_MEMORY, USAGE_IO, USAGE_RESOURCES };

extern const char *const usage_resource_name[USAGE_RESOURCES];

struct usage_stall {
	bool set;
	uint64_t avg10, avg60, avg300; /* hundredths of a per cent */
	uint64_t total;                /* microseconds */
};

struct usage {
	bool any; /* at least one file was there */
	struct opt_uint v[USAGE_ITEMS];
	struct opt_bool frozen;  /* paused */
	const char *cpus, *mems; /* what the cpuset really gives; NULL: unknown */
	struct usage_device *devices;
	size_t n_devices;
	struct usage_huge *huge;
	size_t n_huge;
	struct usage_stall some[USAGE_RESOURCES], full[USAGE_RESOURCES];
};

/* How a file tells an item. */
enum usage_form {
	USAGE_WHOLE, /* the file is the number */
	USAGE_KEYED, /* the line "key number" */
	USAGE_FIELD, /* the blank-separated field of which key[0] is the number, from '0' */
};

/* One row of the table; rows of one file stand together. An earlier row of an item wins. */
struct usage_source {
	int version; /* of the controller's hierarchy; 0: the v2 tree, if there is one */
	const char *controller, *file;
	enum usage_form form;
	const char *key;
	enum usage_item item;
	unsigned times, by; /* to the item's unit: 0 is 1 */
	bool brief;         /* list shows it */
};

extern const struct usage_source usage_sources[];
extern const size_t usage_n_sources;

/* Take what the text of the row's file says. What is no number is left out. */
void usage_take(struct usage *u, const struct usage_source *s, const char *text);

/* The files about block devices; usage_take_io adds devices as they appear. */
struct usage_io_source {
	int version;
	const char *file;
};

extern const struct usage_io_source usage_io_sources[];
extern const size_t usage_n_io_sources;

void usage_take_io(struct usage *u, struct arena *a, const char *file, const char *text);

/* hugetlb.SIZE.TAIL: which item a tail is. */
struct usage_huge_source {
	int version;
	const char *tail;
	const char *key; /* NULL: the file is the number */
	enum usage_huge_item item;
};

extern const struct usage_huge_source usage_huge_sources[];
extern const size_t usage_n_huge_sources;

void usage_take_huge(struct usage_huge *h, const struct usage_huge_source *s, const char *text);

/* Is there anything to say about it: a limit, or pages in use? */
bool usage_huge_matters(const struct usage_huge *h);

/* The name in a file of hugetlb ("2MB") of a directory of /sys/kernel/mm/hugepages
 * ("hugepages-2048kB"); NULL: it is none. */
const char *usage_huge_size(struct arena *a, const char *name);

void usage_take_pressure(struct usage *u, enum usage_resource r, const char *text);

/* The text of freezer.state (v1), or of cgroup.events. */
void usage_take_frozen(struct usage *u, int version, const char *text);

/* The target in a hierarchy: in adopt mode the runtime may have another base in each. */
const char *usage_path(const struct record *r, const char *controller);

#endif
