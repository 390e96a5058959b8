/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resources - linux.resources of the OCI config, typed
 *
 * Source: OCI runtime-spec, config-linux.md "Control groups" and the JSON
 * schema. Absent is not zero: optional scalars carry a set flag. Only types and
 * the schema's ranges are checked here; what a value means on a host is
 * decided by the plan.
 */
#ifndef VMCG_OCI_RESOURCES_H
#define VMCG_OCI_RESOURCES_H

#include "oci/json.h"

struct oci_memory {
	struct opt_int limit, reservation, swap, kernel,
	    kernel_tcp; /* bytes; swap is memory+swap */
	struct opt_uint swappiness;
	struct opt_bool disable_oom_killer, use_hierarchy, check_before_update;
};

struct oci_cpu {
	struct opt_uint shares;
	struct opt_int quota;                           /* microseconds */
	struct opt_uint period, burst, realtime_period; /* microseconds */
	struct opt_int realtime_runtime;                /* microseconds */
	const char *cpus, *mems;                        /* NULL when absent */
	struct opt_int idle;
};

struct oci_blkio_weight {
	int64_t major, minor;
	struct opt_uint weight, leaf_weight;
};

struct oci_blkio_throttle {
	int64_t major, minor;
	uint64_t rate; /* bytes or operations a second */
};

enum oci_throttle { OCI_READ_BPS, OCI_WRITE_BPS, OCI_READ_IOPS, OCI_WRITE_IOPS, OCI_N_THROTTLES };

/* The JSON names of the four throttle lists, by enum oci_throttle. */
extern const char *const oci_throttle_name[OCI_N_THROTTLES];

struct oci_blkio {
	struct opt_uint weight, leaf_weight;
	struct oci_blkio_weight *weight_device;
	size_t n_weight_device;
	struct oci_blkio_throttle *throttle[OCI_N_THROTTLES];
	size_t n_throttle[OCI_N_THROTTLES];
};

struct oci_hugepage {
	const char *page_size; /* "2MB" */
	uint64_t limit;        /* bytes */
};

struct oci_rdma {
	const char *device;
	struct opt_uint handles, objects;
};

struct oci_priority {
	const char *name;
	uint64_t priority;
};

struct oci_network {
	struct opt_uint class_id;
	struct oci_priority *priorities;
	size_t n_priorities;
};

/* What a device access asks for, as bits. The numbers are the kernel's own
 * (BPF_DEVCG_ACC_* in include/uapi/linux/bpf.h). */
enum { OCI_MKNOD = 1, OCI_READ = 2, OCI_WRITE = 4, OCI_RWM = 7 };

enum { OCI_ANY = -1 }; /* a wildcard major or minor */

/* One entry of linux.resources.devices, checked and in document order. */
struct oci_device_rule {
	bool allow;
	char type;            /* 'a', 'b' or 'c' */
	int64_t major, minor; /* 0..4095, 0..1048575, or OCI_ANY */
	unsigned access;      /* OCI_MKNOD | OCI_READ | OCI_WRITE, never 0 */
};

/* One line of linux.resources.unified, in document order. */
struct oci_unified {
	const char *key, *value;
};

struct oci_resources {
	const char *base; /* JSON pointer of the object: "/linux/resources" */
	struct oci_memory memory;
	struct oci_cpu cpu;
	struct opt_int pids_limit;
	struct oci_blkio blkio;
	struct oci_network network;
	struct oci_hugepage *hugepages;
	size_t n_hugepages;
	struct oci_rdma *rdma;
	size_t n_rdma;
	struct oci_device_rule *devices;
	size_t n_devices;
	struct oci_unified *unified;
	size_t n_unified;
};

/*
 * Read a linux.resources object (NULL: nothing asked for). Strings are borrowed
 * from the tree; arrays are put into the arena. Errors are ERROR_INPUT.
 */
int oci_resources_read(struct oci_resources *ret, const struct json *object, struct arena *a,
		       struct error *e);

#endif
