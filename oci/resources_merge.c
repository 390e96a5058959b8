/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resources_merge - settings that were given, changed by a file that names some of them
 *
 * Scalars go by the table of the JSON writer. Lists go through one function,
 * which is told how large an entry is, what its key is and what a change does.
 */
#include "oci/resources_merge.h"

#include <string.h>

#include "oci/resources_json.h"

/* --- scalars --- */

/* Take over one scalar that is set. */
static void merge_scalar(void *base, const void *change, enum json_want want, bool zero_is_absent)
{
	if (want == WANT_STRING) {
		const char *text = *(const char *const *)change;

		if (text && *text)
			*(const char **)base = text;
	} else if (want == WANT_BOOL) {
		if (((const struct opt_bool *)change)->set)
			*(struct opt_bool *)base = *(const struct opt_bool *)change;
	} else if (want == WANT_INT) {
		const struct opt_int *v = change;

		if (v->set && !(zero_is_absent && v->v == 0))
			*(struct opt_int *)base = *(const struct opt_int *)change;
	} else {
		const struct opt_uint *v = change;

		if (v->set && !(zero_is_absent && v->v == 0))
			*(struct opt_uint *)base = *(const struct opt_uint *)change;
	}
}

/* Memory without a limit and a limit on memory+swap contradict each other. */
static void lift_swap(struct oci_memory *base, const struct oci_memory *change)
{
	if (change->limit.set && change->limit.v == -1 && !change->swap.set && base->swap.v > 0)
		base->swap.v = -1;
}

/* --- lists --- */

/* What the lists differ in. */
struct kind {
	size_t size; /* of an entry */
	bool (*same)(const void *a, const void *b);
	void (*change)(void *to, const void *from); /* NULL: the new one replaces the old one */
};

static bool same_weight(const void *a, const void *b)
{
	const struct oci_blkio_weight *x = a, *y = b;

	return x->major == y->major && x->minor == y->minor;
}

static void change_weight(void *to, const void *from)
{
	struct oci_blkio_weight *x = to;
	const struct oci_blkio_weight *y = from;

	merge_scalar(&x->weight, &y->weight, WANT_UINT, true);
	merge_scalar(&x->leaf_weight, &y->leaf_weight, WANT_UINT, true);
}

static bool same_throttle(const void *a, const void *b)
{
	const struct oci_blkio_throttle *x = a, *y = b;

	return x->major == y->major && x->minor == y->minor;
}

static bool same_hugepage(const void *a, const void *b)
{
	const struct oci_hugepage *x = a, *y = b;

	return !strcmp(x->page_size, y->page_size);
}

static bool same_rdma(const void *a, const void *b)
{
	const struct oci_rdma *x = a, *y = b;

	return !strcmp(x->device, y->device);
}

static void change_rdma(void *to, const void *from)
{
	struct oci_rdma *x = to;
	const struct oci_rdma *y = from;

	merge_scalar(&x->handles, &y->handles, WANT_UINT, false);
	merge_scalar(&x->objects, &y->objects, WANT_UINT, false);
}

static bool same_priority(const void *a, const void *b)
{
	const struct oci_priority *x = a, *y = b;

	return !strcmp(x->name, y->name);
}

static bool same_unified(const void *a, const void *b)
{
	const struct oci_unified *x = a, *y = b;

	return !strcmp(x->key, y->key);
}

static const struct kind weights = {sizeof(struct oci_blkio_weight), same_weight, change_weight};
static const struct kind throttles = {sizeof(struct oci_blkio_throttle), same_throttle, NULL};
static const struct kind hugepages = {sizeof(struct oci_hugepage), same_hugepage, NULL};
static const struct kind rdmas = {sizeof(struct oci_rdma), same_rdma, change_rdma};
static const struct kind priorities = {sizeof(struct oci_priority), same_priority, NULL};
static const struct kind unifieds = {sizeof(struct oci_unified), same_unified, NULL};

/* The last entry with the key; NULL when there is none. */
static char *find_last(const struct kind *k, char *list, size_t n, const char *entry)
{
	while (n-- > 0)
		if (k->same(list + n * k->size, entry))
			return list + n * k->size;
	return NULL;
}

/* Append copies of entries. The list grows as ARENA_APPEND has it, so that others can go on. */
static char *append(const struct kind *k, char *list, size_t *n, const char *entries, size_t count,
		    struct arena *a)
{
	for (size_t i = 0; i < count; i++) {
		list = arena_grow(a, list, *n, k->size);
		memcpy(list + (*n)++ * k->size, entries + i * k->size, k->size);
	}
	return list;
}

/* base with the change over it: base itself when nothing changes, else a new list. */
static void *merge_list(const struct kind *k, void *base, size_t *n_base, const void *change,
			size_t n_change, struct arena *a)
{
	const char *entry = change;
	char *list = NULL;
	size_t n = 0;

	if (!n_change)
		return base;
	list = append(k, list, &n, base, *n_base, a);
	for (size_t i = 0; i < n_change; i++, entry += k->size) {
		char *old = find_last(k, list, n, entry);

		if (!old)
			list = append(k, list, &n, entry, 1, a);
		else if (k->change)
			k->change(old, entry);
		else
			memcpy(old, entry, k->size);
	}
	*n_base = n;
	return list;
}

#define MERGE(kind, base, change, list, count)                                            \
	((base)->list = merge_list(&(kind), (base)->list, &(base)->count, (change)->list, \
				   (change)->count, a))

/* --- the whole --- */

void oci_resources_merge(struct oci_resources *base, const struct oci_resources *change,
			 struct arena *a)
{
	for (const struct oci_scalar *s = oci_scalars; s->name; s++)
		merge_scalar((char *)base + s->offset, (const char *)change + s->offset, s->want,
			     s->zero_is_absent);
	lift_swap(&base->memory, &change->memory);
	MERGE(weights, &base->blkio, &change->blkio, weight_device, n_weight_device);
	for (int t = 0; t < OCI_N_THROTTLES; t++)
		MERGE(throttles, &base->blkio, &change->blkio, throttle[t], n_throttle[t]);
	MERGE(hugepages, base, change, hugepages, n_hugepages);
	MERGE(rdmas, base, change, rdma, n_rdma);
	MERGE(priorities, &base->network, &change->network, priorities, n_priorities);
	MERGE(unifieds, base, change, unified, n_unified);
	if (change->n_devices) {
		base->devices = change->devices;
		base->n_devices = change->n_devices;
	}
}
