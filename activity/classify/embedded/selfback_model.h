/* selfBACK on the band: activities from 10 s of acceleration at 25 Hz. Research software, not a medical device.
 *
 *     static selfback_model model;                  all the memory there is; nothing is allocated
 *     selfback_begin(&model, 8);                    a sample in g is raw * 8 / 32768
 *     for each sample:
 *         int activity = selfback_push(&model, x, y, z);
 *         if (activity >= 0) ...                    250 samples are whole, and this is what they are
 *
 * The 250th push does all the work. After samples were lost, begin again: a window isn't bridged over a gap. A band
 * that samples faster than 25 Hz has to filter below 12 Hz and thin out first.
 */
#ifndef SELFBACK_MODEL_H
#define SELFBACK_MODEL_H

#include <stdint.h>

#include "selfback_classes.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SELFBACK_NONE = -1,   /* the window isn't whole yet */
    SELFBACK_REFUSED = -2 /* no range, or one that isn't 1 to 16 g */
};

/* Everything is the module's own, but features and scores may be read until the next window is whole. */
typedef struct {
    int32_t scores[SELFBACK_CLASSES]; /* 256 more doubles the odds */
    int16_t samples[3 * SELFBACK_WIDTH];
    int16_t stream[SELFBACK_WIDTH];
    int16_t features[SELFBACK_FEATURES];
    uint16_t count; /* samples of the window that is being filled */
    uint8_t range_g;
} selfback_model;

/* Begin a window of samples of plus or minus range_g; SELFBACK_NONE, or SELFBACK_REFUSED. */
int selfback_begin(selfback_model *model, int range_g);

/* Take a sample, and return an activity with each 250th; before that SELFBACK_NONE. */
int selfback_push(selfback_model *model, int16_t x, int16_t y, int16_t z);

/* How probable an activity is by the last whole window, 0 to 255. */
int selfback_confidence(const selfback_model *model, int activity);

#ifdef __cplusplus
}
#endif

#endif
