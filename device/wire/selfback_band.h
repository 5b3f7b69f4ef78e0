/* Open band profile, version 1. Generated from the program's own table: don't edit.
 * Everything is little-endian and packed; a big-endian chip has to swap bytes.
 */
#ifndef SELFBACK_WIRE_H
#define SELFBACK_WIRE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define SELFBACK_VERSION 1u /* of notifications and blocks */
#define SELFBACK_BLOCK_MAGIC 0x4253u /* 'SB' */
#define SELFBACK_PIECE_TAG 0x70u /* first byte of a piece */
#define SELFBACK_TICKS_HZ 32768u /* counter */
#define SELFBACK_RATE_STEPS_PER_HZ 64u /* rates are in 1/64 Hz */
#define SELFBACK_COUNTS_PER_RANGE 32768 /* g = raw * range_g / 32768 */
#define SELFBACK_MAX_VALUE_SIZE 512u /* bytes of a block or a reply at most */

#define SELFBACK_NAME_PREFIX "selfBACK" /* advertised name */

/* As text, and as bytes in the order in which they are sent. */
#define SELFBACK_SERVICE_UUID "5e1fbac0-0001-4d3e-9b1d-7c3f0d2a6e41" /* the service */
#define SELFBACK_SERVICE_UUID_BYTES {0x41, 0x6e, 0x2a, 0x0d, 0x3f, 0x7c, 0x1d, 0x9b, 0x3e, 0x4d, 0x01, 0x00, 0xc0, 0xba, 0x1f, 0x5e}
#define SELFBACK_STREAM_UUID "5e1fbac0-0002-4d3e-9b1d-7c3f0d2a6e41" /* live samples; notify */
#define SELFBACK_STREAM_UUID_BYTES {0x41, 0x6e, 0x2a, 0x0d, 0x3f, 0x7c, 0x1d, 0x9b, 0x3e, 0x4d, 0x02, 0x00, 0xc0, 0xba, 0x1f, 0x5e}
#define SELFBACK_LOG_UUID "5e1fbac0-0003-4d3e-9b1d-7c3f0d2a6e41" /* stored blocks; notify */
#define SELFBACK_LOG_UUID_BYTES {0x41, 0x6e, 0x2a, 0x0d, 0x3f, 0x7c, 0x1d, 0x9b, 0x3e, 0x4d, 0x03, 0x00, 0xc0, 0xba, 0x1f, 0x5e}
#define SELFBACK_CONTROL_UUID "5e1fbac0-0004-4d3e-9b1d-7c3f0d2a6e41" /* requests and replies; write, indicate */
#define SELFBACK_CONTROL_UUID_BYTES {0x41, 0x6e, 0x2a, 0x0d, 0x3f, 0x7c, 0x1d, 0x9b, 0x3e, 0x4d, 0x04, 0x00, 0xc0, 0xba, 0x1f, 0x5e}

enum selfback_flag {
    SELFBACK_FLAG_CLIPPED = 1,
    SELFBACK_FLAG_OVERFLOW = 2,
    SELFBACK_FLAG_LOW_BATTERY = 4,
    SELFBACK_FLAG_CLOCK_UNSET = 8,
};

enum selfback_opcode {
    SELFBACK_OPCODE_GET_CLOCK = 1,
    SELFBACK_OPCODE_LIST_LOGS = 2,
    SELFBACK_OPCODE_READ_LOG = 3,
    SELFBACK_OPCODE_STOP_READ = 4,
    SELFBACK_OPCODE_START_STREAM = 5,
    SELFBACK_OPCODE_STOP_STREAM = 6,
    SELFBACK_OPCODE_ERASE_LOG = 7,
    SELFBACK_OPCODE_GET_CONFIG = 8,
    SELFBACK_OPCODE_SET_CONFIG = 9,
};

enum selfback_status {
    SELFBACK_STATUS_OK = 0,
    SELFBACK_STATUS_BUSY = 1,
    SELFBACK_STATUS_BAD_REQUEST = 2,
    SELFBACK_STATUS_NO_SUCH_LOG = 3,
    SELFBACK_STATUS_DONE = 4,
};

/* One measurement, gravity included, in the band's own frame. */
typedef struct __attribute__((packed)) {
    int16_t x; /* along the band, towards the fingers [range/32768] */
    int16_t y; /* across the wrist [range/32768] */
    int16_t z; /* out of the display [range/32768] */
} selfback_sample;
_Static_assert(sizeof(selfback_sample) == 6, "sample");
_Static_assert(offsetof(selfback_sample, x) == 0, "sample.x");
_Static_assert(offsetof(selfback_sample, y) == 2, "sample.y");
_Static_assert(offsetof(selfback_sample, z) == 4, "sample.z");

/* Begins every notification of the stream characteristic; `count` samples follow and nothing else. */
typedef struct __attribute__((packed)) {
    uint8_t version; /* 1 */
    uint8_t count; /* 1 to 83; 38 fit an MTU of 247, 1 an MTU of 23 [samples] */
    uint16_t seq; /* one more than in the notification before, also if that one was dropped */
    uint32_t ticks; /* when the first sample was taken, counted from boot, low 32 bits [1/32768 s] */
    uint16_t rate; /* nominal sampling rate [1/64 Hz] */
    uint8_t range_g; /* half of full scale: 8 is ±8 g; a sample in g is raw * range_g / 32768 [g] */
    uint8_t flags; /* bits of flag */
    uint16_t boot; /* how often the band has started; ticks of two boots can't be compared */
} selfback_notification_header;
_Static_assert(sizeof(selfback_notification_header) == 14, "notification_header");
_Static_assert(offsetof(selfback_notification_header, version) == 0, "notification_header.version");
_Static_assert(offsetof(selfback_notification_header, count) == 1, "notification_header.count");
_Static_assert(offsetof(selfback_notification_header, seq) == 2, "notification_header.seq");
_Static_assert(offsetof(selfback_notification_header, ticks) == 4, "notification_header.ticks");
_Static_assert(offsetof(selfback_notification_header, rate) == 8, "notification_header.rate");
_Static_assert(offsetof(selfback_notification_header, range_g) == 10, "notification_header.range_g");
_Static_assert(offsetof(selfback_notification_header, flags) == 11, "notification_header.flags");
_Static_assert(offsetof(selfback_notification_header, boot) == 12, "notification_header.boot");

/* Begins every stored block; `count` samples and a block trailer follow. 80 samples make 512 bytes. */
typedef struct __attribute__((packed)) {
    uint16_t magic; /* 0x4253: the bytes 'SB' */
    uint8_t version; /* 1 */
    uint8_t count; /* 1 to 80 [samples] */
    uint32_t log_id; /* id of the log; never used twice by one band */
    uint32_t index; /* number of the block in its log, from 0, without holes */
    uint64_t ticks; /* when the first sample was taken, counted from boot [1/32768 s] */
    uint16_t rate; /* nominal sampling rate [1/64 Hz] */
    uint8_t range_g; /* half of full scale: 8 is ±8 g; a sample in g is raw * range_g / 32768 [g] */
    uint8_t flags; /* bits of flag */
    uint16_t boot; /* how often the band has started; ticks of two boots can't be compared */
    uint16_t reserved; /* 0 */
} selfback_block_header;
_Static_assert(sizeof(selfback_block_header) == 28, "block_header");
_Static_assert(offsetof(selfback_block_header, magic) == 0, "block_header.magic");
_Static_assert(offsetof(selfback_block_header, version) == 2, "block_header.version");
_Static_assert(offsetof(selfback_block_header, count) == 3, "block_header.count");
_Static_assert(offsetof(selfback_block_header, log_id) == 4, "block_header.log_id");
_Static_assert(offsetof(selfback_block_header, index) == 8, "block_header.index");
_Static_assert(offsetof(selfback_block_header, ticks) == 12, "block_header.ticks");
_Static_assert(offsetof(selfback_block_header, rate) == 20, "block_header.rate");
_Static_assert(offsetof(selfback_block_header, range_g) == 22, "block_header.range_g");
_Static_assert(offsetof(selfback_block_header, flags) == 23, "block_header.flags");
_Static_assert(offsetof(selfback_block_header, boot) == 24, "block_header.boot");
_Static_assert(offsetof(selfback_block_header, reserved) == 26, "block_header.reserved");

/* Ends every stored block. */
typedef struct __attribute__((packed)) {
    uint32_t crc32; /* CRC-32 (IEEE 802.3, as in zlib) of all bytes of the block before it */
} selfback_block_trailer;
_Static_assert(sizeof(selfback_block_trailer) == 4, "block_trailer");
_Static_assert(offsetof(selfback_block_trailer, crc32) == 0, "block_trailer.crc32");

/* Begins each part of a block or a reply that is longer than a notification can be; bytes of it follow. */
typedef struct __attribute__((packed)) {
    uint8_t tag; /* 0x70: what follows is a piece, not a whole */
    uint8_t group; /* low 8 bits of the block's index, or the reply's token */
    uint8_t number; /* which piece, from 0 */
    uint8_t total; /* how many pieces, 2 to 255 */
} selfback_piece_header;
_Static_assert(sizeof(selfback_piece_header) == 4, "piece_header");
_Static_assert(offsetof(selfback_piece_header, tag) == 0, "piece_header.tag");
_Static_assert(offsetof(selfback_piece_header, group) == 1, "piece_header.group");
_Static_assert(offsetof(selfback_piece_header, number) == 2, "piece_header.number");
_Static_assert(offsetof(selfback_piece_header, total) == 3, "piece_header.total");

/* Begins every write to the control point; the request's own struct follows. */
typedef struct __attribute__((packed)) {
    uint8_t opcode; /* one of opcode */
    uint8_t token; /* chosen by whoever asks; the reply carries it back */
} selfback_request_header;
_Static_assert(sizeof(selfback_request_header) == 2, "request_header");
_Static_assert(offsetof(selfback_request_header, opcode) == 0, "request_header.opcode");
_Static_assert(offsetof(selfback_request_header, token) == 1, "request_header.token");

/* Begins every reply; after status OK or DONE the reply's own struct follows, after any other nothing. */
typedef struct __attribute__((packed)) {
    uint8_t opcode; /* one of opcode */
    uint8_t token; /* chosen by whoever asks; the reply carries it back */
    uint8_t status; /* one of status */
} selfback_reply_header;
_Static_assert(sizeof(selfback_reply_header) == 3, "reply_header");
_Static_assert(offsetof(selfback_reply_header, opcode) == 0, "reply_header.opcode");
_Static_assert(offsetof(selfback_reply_header, token) == 1, "reply_header.token");
_Static_assert(offsetof(selfback_reply_header, status) == 2, "reply_header.status");

/* Reply to GET_CLOCK. */
typedef struct __attribute__((packed)) {
    uint64_t ticks; /* now, counted from boot [1/32768 s] */
    uint32_t unix_s; /* now by the band's own clock, UTC since 1970; 0 if never set [s] */
    uint16_t boot; /* how often the band has started; ticks of two boots can't be compared */
} selfback_clock_reply;
_Static_assert(sizeof(selfback_clock_reply) == 14, "clock_reply");
_Static_assert(offsetof(selfback_clock_reply, ticks) == 0, "clock_reply.ticks");
_Static_assert(offsetof(selfback_clock_reply, unix_s) == 8, "clock_reply.unix_s");
_Static_assert(offsetof(selfback_clock_reply, boot) == 12, "clock_reply.boot");

/* Body of LIST_LOGS. */
typedef struct __attribute__((packed)) {
    uint8_t position; /* first log to list, from 0 */
} selfback_list_logs_request;
_Static_assert(sizeof(selfback_list_logs_request) == 1, "list_logs_request");
_Static_assert(offsetof(selfback_list_logs_request, position) == 0, "list_logs_request.position");

/* Reply to LIST_LOGS; `count` log entries follow. Ask again from position + count until all have come. */
typedef struct __attribute__((packed)) {
    uint8_t total; /* logs on the band [logs] */
    uint8_t position; /* as asked */
    uint8_t count; /* logs in this reply, 0 to 16 [logs] */
} selfback_list_logs_reply;
_Static_assert(sizeof(selfback_list_logs_reply) == 3, "list_logs_reply");
_Static_assert(offsetof(selfback_list_logs_reply, total) == 0, "list_logs_reply.total");
_Static_assert(offsetof(selfback_list_logs_reply, position) == 1, "list_logs_reply.position");
_Static_assert(offsetof(selfback_list_logs_reply, count) == 2, "list_logs_reply.count");

/* One log, the oldest first. Only closed blocks count: the block that is being filled isn't listed. */
typedef struct __attribute__((packed)) {
    uint32_t log_id; /* id of the log; never used twice by one band */
    uint32_t first_index; /* first block still stored */
    uint32_t block_count; /* blocks stored from there on [blocks] */
    uint64_t start_ticks; /* when the log was begun, counted from boot [1/32768 s] */
    uint32_t start_unix_s; /* the same by the band's own clock, UTC since 1970; 0 if it wasn't set [s] */
    uint16_t boot; /* how often the band has started; ticks of two boots can't be compared */
    uint16_t rate; /* nominal sampling rate [1/64 Hz] */
    uint8_t range_g; /* half of full scale: 8 is ±8 g; a sample in g is raw * range_g / 32768 [g] */
    uint8_t flags; /* bits of flag */
} selfback_log_entry;
_Static_assert(sizeof(selfback_log_entry) == 30, "log_entry");
_Static_assert(offsetof(selfback_log_entry, log_id) == 0, "log_entry.log_id");
_Static_assert(offsetof(selfback_log_entry, first_index) == 4, "log_entry.first_index");
_Static_assert(offsetof(selfback_log_entry, block_count) == 8, "log_entry.block_count");
_Static_assert(offsetof(selfback_log_entry, start_ticks) == 12, "log_entry.start_ticks");
_Static_assert(offsetof(selfback_log_entry, start_unix_s) == 20, "log_entry.start_unix_s");
_Static_assert(offsetof(selfback_log_entry, boot) == 24, "log_entry.boot");
_Static_assert(offsetof(selfback_log_entry, rate) == 26, "log_entry.rate");
_Static_assert(offsetof(selfback_log_entry, range_g) == 28, "log_entry.range_g");
_Static_assert(offsetof(selfback_log_entry, flags) == 29, "log_entry.flags");

/* Body of READ_LOG. */
typedef struct __attribute__((packed)) {
    uint32_t log_id; /* id of the log; never used twice by one band */
    uint32_t first_index; /* first block to send */
    uint32_t count; /* how many to send; fewer come if fewer are stored [blocks] */
} selfback_read_log_request;
_Static_assert(sizeof(selfback_read_log_request) == 12, "read_log_request");
_Static_assert(offsetof(selfback_read_log_request, log_id) == 0, "read_log_request.log_id");
_Static_assert(offsetof(selfback_read_log_request, first_index) == 4, "read_log_request.first_index");
_Static_assert(offsetof(selfback_read_log_request, count) == 8, "read_log_request.count");

/* Reply to READ_LOG and ERASE_LOG. */
typedef struct __attribute__((packed)) {
    uint32_t blocks; /* OK: will be sent, or were erased; DONE: were sent [blocks] */
} selfback_block_count;
_Static_assert(sizeof(selfback_block_count) == 4, "block_count");
_Static_assert(offsetof(selfback_block_count, blocks) == 0, "block_count.blocks");

/* Body of START_STREAM and SET_CONFIG, and in their replies, and that to GET_CONFIG, what the band really does. */
typedef struct __attribute__((packed)) {
    uint16_t rate; /* nominal sampling rate [1/64 Hz] */
    uint8_t range_g; /* half of full scale: 8 is ±8 g; a sample in g is raw * range_g / 32768 [g] */
} selfback_stream_settings;
_Static_assert(sizeof(selfback_stream_settings) == 3, "stream_settings");
_Static_assert(offsetof(selfback_stream_settings, rate) == 0, "stream_settings.rate");
_Static_assert(offsetof(selfback_stream_settings, range_g) == 2, "stream_settings.range_g");

/* Body of ERASE_LOG. */
typedef struct __attribute__((packed)) {
    uint32_t log_id; /* id of the log; never used twice by one band */
    uint32_t before_index; /* blocks before this one are forgotten */
} selfback_erase_log_request;
_Static_assert(sizeof(selfback_erase_log_request) == 8, "erase_log_request");
_Static_assert(offsetof(selfback_erase_log_request, log_id) == 0, "erase_log_request.log_id");
_Static_assert(offsetof(selfback_erase_log_request, before_index) == 4, "erase_log_request.before_index");

#endif
