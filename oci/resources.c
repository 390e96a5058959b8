/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resources - linux.resources of the OCI config, typed
 *
 * A table for each object of the schema. What one table cannot say (one of two
 * members is needed, a map of strings, a list) is a function for each entry.
 */
#include "oci/resources.h"

#include "oci/devices.h"

enum { MAX_MAJOR = 4095, MAX_MINOR = 1048575 }; /* 12 and 20 bits of the kernel's dev_t */

#define FIELD(type, text, kind, member, ...)                                                     \
	{                                                                                        \
		.name = text, .want = kind, .offset = offsetof(struct type, member), __VA_ARGS__ \
	}

#define READ(object, table, into, e) \
	json_read(object, table, sizeof(table) / sizeof(*(table)), UNKNOWN_IGNORED, into, e)

const char *const oci_throttle_name[OCI_N_THROTTLES] = {
    [OCI_READ_BPS] = "throttleReadBpsDevice",
    [OCI_WRITE_BPS] = "throttleWriteBpsDevice",
    [OCI_READ_IOPS] = "throttleReadIOPSDevice",
    [OCI_WRITE_IOPS] = "throttleWriteIOPSDevice",
};

/* --- memory, cpu, pids --- */

static int read_memory(struct oci_resources *r, const struct json *object, struct arena *a,
		       struct error *e)
{
	static const struct json_field fields[] = {
	    FIELD(oci_memory, "limit", WANT_INT, limit),
	    FIELD(oci_memory, "reservation", WANT_INT, reservation),
	    FIELD(oci_memory, "swap", WANT_INT, swap),
	    FIELD(oci_memory, "kernel", WANT_INT, kernel),
	    FIELD(oci_memory, "kernelTCP", WANT_INT, kernel_tcp),
	    FIELD(oci_memory, "swappiness", WANT_UINT, swappiness),
	    FIELD(oci_memory, "disableOOMKiller", WANT_BOOL, disable_oom_killer),
	    FIELD(oci_memory, "useHierarchy", WANT_BOOL, use_hierarchy),
	    FIELD(oci_memory, "checkBeforeUpdate", WANT_BOOL, check_before_update),
	};

	(void)a;
	return READ(object, fields, &r->memory, e);
}

static int read_cpu(struct oci_resources *r, const struct json *object, struct arena *a,
		    struct error *e)
{
	static const struct json_field fields[] = {
	    FIELD(oci_cpu, "shares", WANT_UINT, shares),
	    FIELD(oci_cpu, "quota", WANT_INT, quota),
	    FIELD(oci_cpu, "period", WANT_UINT, period),
	    FIELD(oci_cpu, "burst", WANT_UINT, burst),
	    FIELD(oci_cpu, "realtimePeriod", WANT_UINT, realtime_period),
	    FIELD(oci_cpu, "realtimeRuntime", WANT_INT, realtime_runtime),
	    FIELD(oci_cpu, "cpus", WANT_STRING, cpus),
	    FIELD(oci_cpu, "mems", WANT_STRING, mems),
	    FIELD(oci_cpu, "idle", WANT_INT, idle),
	};

	(void)a;
	return READ(object, fields, &r->cpu, e);
}

static int read_pids(struct oci_resources *r, const struct json *object, struct arena *a,
		     struct error *e)
{
	static const struct json_field fields[] = {
	    FIELD(oci_resources, "limit", WANT_INT, pids_limit),
	};

	(void)a;
	return READ(object, fields, r, e);
}

/* --- block I/O --- */

/* An entry of any of the lists: the device, and what the list is about. */
struct blkio_entry {
	struct opt_int major, minor;
	struct opt_uint weight, leaf_weight, rate;
};

#define DEVICE_FIELDS                                                                     \
	FIELD(blkio_entry, "major", WANT_INT, major, .required = true, .max = MAX_MAJOR), \
	    FIELD(blkio_entry, "minor", WANT_INT, minor, .required = true, .max = MAX_MINOR)

static int read_weight_devices(struct oci_blkio *b, const struct json *array, struct arena *a,
			       struct error *e)
{
	static const struct json_field fields[] = {
	    DEVICE_FIELDS,
	    FIELD(blkio_entry, "weight", WANT_UINT, weight, .max = UINT16_MAX),
	    FIELD(blkio_entry, "leafWeight", WANT_UINT, leaf_weight, .max = UINT16_MAX),
	};

	for (const struct json *m = array ? array->first : NULL; m; m = m->next) {
		struct blkio_entry entry = {0};

		if (READ(m, fields, &entry, e) < 0)
			return -1;
		if (!entry.weight.set && !entry.leaf_weight.set)
			return json_error(m, e, "needs \"weight\" or \"leafWeight\"");
		*ARENA_APPEND(a, b->weight_device, b->n_weight_device) = (struct oci_blkio_weight){
		    entry.major.v, entry.minor.v, entry.weight, entry.leaf_weight};
	}
	return 0;
}

static int read_throttles(struct oci_blkio *b, enum oci_throttle which, const struct json *array,
			  struct arena *a, struct error *e)
{
	static const struct json_field fields[] = {
	    DEVICE_FIELDS,
	    FIELD(blkio_entry, "rate", WANT_UINT, rate, .required = true),
	};

	for (const struct json *m = array ? array->first : NULL; m; m = m->next) {
		struct blkio_entry entry = {0};

		if (READ(m, fields, &entry, e) < 0)
			return -1;
		*ARENA_APPEND(a, b->throttle[which], b->n_throttle[which]) =
		    (struct oci_blkio_throttle){entry.major.v, entry.minor.v, entry.rate.v};
	}
	return 0;
}

/* The members of blockIO. */
struct blkio_members {
	struct opt_uint weight, leaf_weight;
	const struct json *weight_device, *throttle[OCI_N_THROTTLES];
};

static int read_blkio(struct oci_resources *r, const struct json *object, struct arena *a,
		      struct error *e)
{
	static const struct json_field fields[] = {
	    FIELD(blkio_members, "weight", WANT_UINT, weight, .max = UINT16_MAX),
	    FIELD(blkio_members, "leafWeight", WANT_UINT, leaf_weight, .max = UINT16_MAX),
	    FIELD(blkio_members, "weightDevice", WANT_ARRAY, weight_device),
	    FIELD(blkio_members, "throttleReadBpsDevice", WANT_ARRAY, throttle[OCI_READ_BPS]),
	    FIELD(blkio_members, "throttleWriteBpsDevice", WANT_ARRAY, throttle[OCI_WRITE_BPS]),
	    FIELD(blkio_members, "throttleReadIOPSDevice", WANT_ARRAY, throttle[OCI_READ_IOPS]),
	    FIELD(blkio_members, "throttleWriteIOPSDevice", WANT_ARRAY, throttle[OCI_WRITE_IOPS]),
	};
	struct blkio_members m;

	if (READ(object, fields, &m, e) < 0)
		return -1;
	r->blkio.weight = m.weight;
	r->blkio.leaf_weight = m.leaf_weight;
	if (read_weight_devices(&r->blkio, m.weight_device, a, e) < 0)
		return -1;
	for (enum oci_throttle t = 0; t < OCI_N_THROTTLES; t++)
		if (read_throttles(&r->blkio, t, m.throttle[t], a, e) < 0)
			return -1;
	return 0;
}

/* --- hugetlb, rdma, network, unified --- */

static int read_hugepages(struct oci_resources *r, const struct json *array, struct arena *a,
			  struct error *e)
{
	struct entry {
		const char *page_size;
		struct opt_uint limit;
	};
	static const struct json_field fields[] = {
	    FIELD(entry, "pageSize", WANT_STRING, page_size, .required = true),
	    FIELD(entry, "limit", WANT_UINT, limit, .required = true),
	};

	for (const struct json *m = array->first; m; m = m->next) {
		struct entry entry;

		if (READ(m, fields, &entry, e) < 0)
			return -1;
		*ARENA_APPEND(a, r->hugepages, r->n_hugepages) =
		    (struct oci_hugepage){entry.page_size, entry.limit.v};
	}
	return 0;
}

static int read_rdma(struct oci_resources *r, const struct json *object, struct arena *a,
		     struct error *e)
{
	static const struct json_field fields[] = {
	    FIELD(oci_rdma, "hcaHandles", WANT_UINT, handles, .max = UINT32_MAX),
	    FIELD(oci_rdma, "hcaObjects", WANT_UINT, objects, .max = UINT32_MAX),
	};

	for (const struct json *m = object->first; m; m = m->next) {
		struct oci_rdma entry = {.device = m->key};

		if (READ(m, fields, &entry, e) < 0)
			return -1;
		if (!entry.handles.set && !entry.objects.set)
			return json_error(m, e, "needs \"hcaHandles\" or \"hcaObjects\"");
		*ARENA_APPEND(a, r->rdma, r->n_rdma) = entry;
	}
	return 0;
}

static int read_priorities(struct oci_network *n, const struct json *array, struct arena *a,
			   struct error *e)
{
	struct entry {
		const char *name;
		struct opt_uint priority;
	};
	static const struct json_field fields[] = {
	    FIELD(entry, "name", WANT_STRING, name, .required = true),
	    FIELD(entry, "priority", WANT_UINT, priority, .required = true, .max = UINT32_MAX),
	};

	for (const struct json *m = array ? array->first : NULL; m; m = m->next) {
		struct entry entry;

		if (READ(m, fields, &entry, e) < 0)
			return -1;
		*ARENA_APPEND(a, n->priorities, n->n_priorities) =
		    (struct oci_priority){entry.name, entry.priority.v};
	}
	return 0;
}

static int read_network(struct oci_resources *r, const struct json *object, struct arena *a,
			struct error *e)
{
	struct members {
		struct opt_uint class_id;
		const struct json *priorities;
	} m;
	static const struct json_field fields[] = {
	    FIELD(members, "classID", WANT_UINT, class_id, .max = UINT32_MAX),
	    FIELD(members, "priorities", WANT_ARRAY, priorities),
	};

	if (READ(object, fields, &m, e) < 0)
		return -1;
	r->network.class_id = m.class_id;
	return read_priorities(&r->network, m.priorities, a, e);
}

static int read_unified(struct oci_resources *r, const struct json *object, struct arena *a,
			struct error *e)
{
	for (const struct json *m = object->first; m; m = m->next) {
		if (m->type != JSON_STRING)
			return json_error(m, e,
					  "what is written to a file must be a string; put the "
					  "value between quotes");
		*ARENA_APPEND(a, r->unified, r->n_unified) = (struct oci_unified){m->key, m->text};
	}
	return 0;
}

/* --- the whole --- */

/* The members of linux.resources and who reads them. */
static const struct {
	const char *name;
	enum json_want want;
	int (*read)(struct oci_resources *r, const struct json *n, struct arena *a,
		    struct error *e);
} parts[] = {
    {"memory", WANT_OBJECT, read_memory},
    {"cpu", WANT_OBJECT, read_cpu},
    {"pids", WANT_OBJECT, read_pids},
    {"blockIO", WANT_OBJECT, read_blkio},
    {"hugepageLimits", WANT_ARRAY, read_hugepages},
    {"rdma", WANT_OBJECT, read_rdma},
    {"network", WANT_OBJECT, read_network},
    {"devices", WANT_ARRAY, oci_devices_read},
    {"unified", WANT_OBJECT, read_unified},
};

enum { N_PARTS = sizeof(parts) / sizeof(*parts) };

int oci_resources_read(struct oci_resources *ret, const struct json *object, struct arena *a,
		       struct error *e)
{
	struct oci_resources r = {.base = "/linux/resources"};
	const struct json *found[N_PARTS] = {0};
	struct json_field fields[N_PARTS] = {0};

	if (!object) {
		*ret = r;
		return 0;
	}
	for (size_t i = 0; i < N_PARTS; i++)
		fields[i] = (struct json_field){
		    .name = parts[i].name, .want = parts[i].want, .offset = i * sizeof(*found)};
	if (READ(object, fields, found, e) < 0)
		return -1;
	for (size_t i = 0; i < N_PARTS; i++)
		if (found[i] && parts[i].read(&r, found[i], a, e) < 0)
			return -1;
	r.base = json_pointer(object, a);
	*ret = r;
	return 0;
}
