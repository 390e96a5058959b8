/* SPDX-License-Identifier: Apache-2.0 */
/*
 * convert - numbers and lists of OCI in the form that the kernel wants
 *
 * Whole numbers only: no floating point, so that no compiler flag and no libm
 * can move a weight by one.
 */
#ifndef VMCG_HOOK_CONVERT_H
#define VMCG_HOOK_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/arena.h"

enum { CONVERT_SHARES_MIN = 2, CONVERT_SHARES_MAX = 262144, CONVERT_LIST_MAX = 1048575 };

/* cpu.shares (v1) to cpu.weight (v2): 2 -> 1, 1024 -> 100, 262144 -> 10000. shares is not 0. */
uint64_t convert_shares_to_weight(uint64_t shares);

/* What the v1 kernel makes of cpu.shares: 2..262144. */
uint64_t convert_shares_clamp(uint64_t shares);

/* blkio weight 10..1000 to io.weight 1..10000, linear. */
uint64_t convert_blkio_to_io_weight(uint64_t weight);

/* Decimal digits and nothing else, no leading zero, at most 2^64-1. False: something else. */
bool convert_digits(const char *s, size_t len, uint64_t *ret);

/*
 * What the kernel reads as bytes: decimal digits with an optional suffix K, M, G,
 * T, P or E in either case. False: something else, or 2^64 and more, which the
 * kernel would wrap around to a small limit.
 */
bool convert_bytes(const char *s, size_t len, uint64_t *ret);

/* The size behind a huge page name, [1-9][0-9]*[KMG]B: "2MB". False: not such a name. */
bool convert_page_size(const char *name, uint64_t *ret);

/* A name as one token of a JSON pointer (RFC 6901): ~ and / are escaped. */
const char *convert_pointer_token(struct arena *a, const char *name);

/* A list of CPUs or memory nodes, as ranges: sorted, apart, not adjacent. */
struct convert_range {
	uint64_t first, last;
};

struct convert_list {
	struct convert_range *ranges; /* in the arena */
	size_t n;
};

enum {
	CONVERT_E_LIST = 1, /* not a list; *ret_bad (may be NULL) says why, for a message */
};

/*
 * Read "0-3,5": items N or N-M with N <= M <= CONVERT_LIST_MAX, blanks around
 * items dropped. Strides, words, empty items and newlines are CONVERT_E_LIST.
 */
int convert_list_parse(struct convert_list *ret, struct arena *a, const char *s,
		       const char **ret_bad);

/* The kernel's own spelling of it: "0-3,5". "" for an empty list. */
const char *convert_list_format(const struct convert_list *list, struct arena *a);

/* Is everything in want also in have? */
bool convert_list_contains(const struct convert_list *have, const struct convert_list *want);

bool convert_list_equal(const struct convert_list *a, const struct convert_list *b);

#endif
