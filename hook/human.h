/* SPDX-License-Identifier: Apache-2.0 */
/*
 * human - sizes, times and shares as people read them
 *
 * Pure. Each writes into a buffer of HUMAN_MAX bytes and returns it. What a
 * program reads has plain numbers instead.
 */
#ifndef VMCG_HOOK_HUMAN_H
#define VMCG_HOOK_HUMAN_H

#include <stdint.h>

enum { HUMAN_MAX = 48 };

/* "0 B", "512 MiB", "1.5 GiB": one decimal below 100 of a unit, none when it would be zero. */
const char *human_bytes(char *buf, uint64_t bytes);

/* "850 us", "12.3 ms", "1.5 s", and from a minute on as human_seconds. */
const char *human_usec(char *buf, uint64_t usec);

/* "59 s", "2 min 5 s", "1 h 20 min", "3 d 4 h": the two largest units. */
const char *human_seconds(char *buf, uint64_t seconds);

/* part of whole, rounded: "80 %"; of nothing it is "0 %". */
const char *human_percent(char *buf, uint64_t part, uint64_t whole);

/* A number of processors: quota of each period, "0.25", "2". */
const char *human_ratio(char *buf, uint64_t part, uint64_t whole);

/* The number with its word, which takes an s but for one: "1 time", "3 times". */
const char *human_count(char *buf, uint64_t n, const char *word);

#endif
