/* Recognising activities on the band: see selfback_model.h.
 *
 * C99, whole numbers only, no allocation, no library. All that C99 leaves to the compiler is avoided: nothing
 * overflows (the bound stands at each place), negative numbers are divided and never shifted, and a division is
 * C99's, towards zero. So every compiler gives the same bits, which are also those of the Python twin.
 */
#include "selfback_model.h"
#include "selfback_tables.h"

#include <limits.h>

#if INT_MAX < 2147483647
#error "int has to have 32 bits: products of two int16_t are computed in it"
#endif

enum { WIDTH = SELFBACK_WIDTH, SECONDS = WIDTH / SECOND };

/* -- numbers ----------------------------------------------------------------------------------------------------- */

static int16_t saturate(int32_t number)
{
    return (int16_t)(number > INT16_MAX ? INT16_MAX : number < INT16_MIN ? INT16_MIN : number);
}

static int32_t at_least_one(int32_t number)
{
    return number < 1 ? 1 : number;
}

/* Square root, rounded down: a bit at a time, from the highest. */
static int32_t root(uint32_t number)
{
    uint32_t found = 0, bit = (uint32_t)1 << 30;
    for (; bit != 0; bit >>= 2) {
        if (number >= found + bit) {
            number -= found + bit;
            found = (found >> 1) + bit;
        } else {
            found >>= 1;
        }
    }
    return (int32_t)found;
}

/* 256 * log2(number), of numbers up to 2**52; the logarithm of 0 is that of 1. */
static int16_t logarithm(uint64_t number)
{
    uint16_t exponent = 8;
    if (number < 1)
        return 0;
    for (; number < 256; number <<= 1)
        exponent--;
    for (; number > 511; number >>= 1)
        exponent++;
    return (int16_t)(exponent * 256 + log_table[number & 255]);
}

/* Root of a mean of squares, at least 1: power is at most 250 * 2**30, so the mean is within 32 bits. */
static int32_t deviation(int64_t power)
{
    return at_least_one(root((uint32_t)(power / WIDTH)));
}

/* -- three streams out of three axes ------------------------------------------------------------------------------- */

/* What a window is split by, all of 1/2048 g except the directions, which are of 1/4096. */
typedef struct {
    int32_t mean[3];
    int32_t down[3];
    int32_t ahead[3];
} frame;

/* A sample in 1/2048 g: at most 32768 * 16 / 16 in size. */
static int32_t accel(const selfback_model *model, int i, int axis)
{
    return (int32_t)model->samples[3 * i + axis] * model->range_g / 16;
}

/* Three numbers of at most 32768 in size: their squares are at most 3 * 2**30 together, within 32 unsigned bits. */
static uint32_t squares(const int32_t at[3])
{
    return (uint32_t)(at[0] * at[0]) + (uint32_t)(at[1] * at[1]) + (uint32_t)(at[2] * at[2]);
}

/* Two vectors of at most 32768 and 4096: at most 3 * 2**27. */
static int32_t along(const int32_t at[3], const int32_t direction[3])
{
    return (at[0] * direction[0] + at[1] * direction[1] + at[2] * direction[2]) / ONE;
}

/* Make a vector of at most 32768 in size as long as ONE; no part of it gets over ONE, and zero stays zero. */
static void stretch(int32_t at[3])
{
    const int32_t length = at_least_one(root(squares(at)));
    for (int axis = 0; axis < 3; axis++)
        at[axis] = at[axis] * ONE / length;
}

static void away_from_mean(const selfback_model *model, const frame *of, int i, int32_t away[3])
{
    for (int axis = 0; axis < 3; axis++)
        away[axis] = saturate(accel(model, i, axis) - of->mean[axis]);
}

/* Leave in `away` what lies in the level plane, and return what was vertical. */
static int32_t split(const frame *of, int32_t away[3])
{
    const int32_t vertical = saturate(along(away, of->down));
    for (int axis = 0; axis < 3; axis++)
        away[axis] = saturate(away[axis] - vertical * of->down[axis] / ONE);
    return vertical;
}

static void find_gravity(const selfback_model *model, frame *of)
{
    for (int axis = 0; axis < 3; axis++) {
        int32_t sum = 0; /* at most 250 * 2**15 */
        for (int i = 0; i < WIDTH; i++)
            sum += accel(model, i, axis);
        of->mean[axis] = of->down[axis] = sum / WIDTH;
    }
    stretch(of->down);
}

/* The direction of most power in the level plane, by power iteration; returns that power of all directions. */
static int64_t find_ahead(const selfback_model *model, frame *of)
{
    int64_t products[3][3] = {{0}}; /* at most 250 * 2**30 */
    int32_t matrix[3][3], next[3], at[3];
    int64_t most;
    int axis = 0;
    for (int i = 0; i < WIDTH; i++) {
        away_from_mean(model, of, i, at);
        (void)split(of, at);
        for (int a = 0; a < 3; a++)
            for (int b = a; b < 3; b++)
                products[a][b] += at[a] * at[b]; /* 2**30 */
    }
    for (int a = 1; a < 3; a++)
        if (products[a][a] > products[axis][axis])
            axis = a;
    most = products[axis][axis];
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) /* no product is over the largest square, so none is over 16384 */
            matrix[a][b] = (int32_t)(products[a < b ? a : b][a < b ? b : a] / (most / 16384 + 1));
    for (int a = 0; a < 3; a++)
        of->ahead[a] = matrix[axis][a];
    for (int turn = 0; turn < TURNS; turn++) {
        stretch(of->ahead);
        for (int a = 0; a < 3; a++) /* 3 * 2**14 * 2**12 before the division, 3 * 2**13 after it */
            next[a] = along(matrix[a], of->ahead) / 2;
        for (int a = 0; a < 3; a++)
            of->ahead[a] = next[a];
    }
    stretch(of->ahead);
    return products[0][0] + products[1][1] + products[2][2];
}

static void fill_size(selfback_model *model)
{
    int32_t sum = 0, mean; /* at most 250 * 56755 */
    for (int pass = 0; pass < 2; pass++) {
        mean = sum / WIDTH;
        for (int i = 0; i < WIDTH; i++) {
            const int32_t at[3] = {accel(model, i, 0), accel(model, i, 1), accel(model, i, 2)};
            const int32_t size = root(squares(at));
            sum += pass == 0 ? size : 0;
            model->stream[i] = saturate(size - mean);
        }
    }
}

static void fill_vertical(selfback_model *model, const frame *of)
{
    int32_t at[3];
    for (int i = 0; i < WIDTH; i++) {
        away_from_mean(model, of, i, at);
        model->stream[i] = (int16_t)split(of, at);
    }
}

static void fill_forward(selfback_model *model, const frame *of)
{
    int32_t at[3];
    for (int i = 0; i < WIDTH; i++) {
        away_from_mean(model, of, i, at);
        (void)split(of, at);
        model->stream[i] = saturate(along(at, of->ahead));
    }
}

/* -- features of a stream ------------------------------------------------------------------------------------------ */

/* Cubes are at most 250 * 2**45 together; their mean times 256 is within 2**53. */
static int16_t skewness(int64_t cubes, int64_t sd)
{
    const int64_t ratio = cubes / WIDTH * RATIO_ONE / (sd * sd * sd);
    return (int16_t)(ratio > INT16_MAX ? INT16_MAX : ratio < INT16_MIN ? INT16_MIN : ratio);
}

static int16_t crossings(const int16_t *stream, int32_t least)
{
    int16_t count = 0;
    int side = 0;
    for (int i = 0; i < WIDTH; i++) {
        const int now = stream[i] > least ? 1 : stream[i] < -least ? -1 : side;
        count = (int16_t)(count + (now * side < 0));
        side = now;
    }
    return count;
}

static int is_top(const int16_t *even, int lag)
{
    return even[lag] >= even[lag - 1] && even[lag] >= even[lag + 1];
}

/* The lag of the first local maximum that is nearly the highest, or of the highest value without one; half-open.
 * A beat comes back at its double, there now and then a little higher: seven eighths of the highest are enough. */
static int peak(const int16_t *even, int first, int stop)
{
    int found = first;
    int32_t highest = INT32_MIN;
    for (int lag = first; lag < stop; lag++) {
        const int32_t height = even[lag] + (is_top(even, lag) ? 65536 : 0);
        if (height > highest) {
            highest = height;
            found = lag;
        }
    }
    for (int lag = first; lag < found; lag++)
        if (is_top(even, lag) && 8 * even[lag] >= 7 * even[found])
            return lag;
    return found;
}

/* Sixteen times the lag of the top of a parabola through a peak and its neighbours. */
static int16_t fine(const int16_t *even, int lag)
{
    const int32_t bend = 2 * even[lag] - even[lag - 1] - even[lag + 1];
    int32_t shift = bend > 0 ? 8 * (even[lag + 1] - even[lag - 1]) / bend : 0;
    shift = shift > 8 ? 8 : shift < -8 ? -8 : shift;
    return (int16_t)(16 * lag + shift);
}

static int16_t *rhythm(const int16_t *stream, int64_t power, int16_t *out)
{
    int16_t share[LAGS], even[LAGS]; /* no correlation is over ONE in size; times 250 / 206 at most */
    int step, stride, lowest = 0, below = LAGS;
    for (int lag = 0; lag < LAGS; lag++) {
        int64_t sum = 0; /* at most 250 * 2**30, times 2**12 below */
        for (int i = lag; i < WIDTH; i++)
            sum += stream[i - lag] * stream[i];
        share[lag] = (int16_t)(sum * ONE / (power < 1 ? 1 : power));
        even[lag] = (int16_t)(share[lag] * WIDTH / (WIDTH - lag));
        lowest = even[lag] < even[lowest] ? lag : lowest;
        below = even[lag] < 0 && below == LAGS ? lag : below;
    }
    step = peak(even, STEP_FIRST, STEP_STOP);
    stride = peak(even, STRIDE_FIRST, STRIDE_STOP);
    *out++ = fine(even, step);
    *out++ = even[step];
    *out++ = fine(even, stride);
    *out++ = even[stride];
    *out++ = even[2 * step];
    *out++ = even[stride / 2];
    *out++ = even[lowest];
    *out++ = (int16_t)lowest;
    *out++ = (int16_t)below;
    for (int hz = 0; hz < SPECTRUM_POINTS; hz++) {
        int32_t density = 0; /* weights are under 46 * 2**13 together, shares at most 2**12: within 2**31 */
        for (int lag = 0; lag < LAGS; lag++)
            density += share[lag] * spectrum[hz][lag];
        *out++ = logarithm(density / 1024 < 0 ? 1u : (uint64_t)(density / 1024) + 1u);
    }
    return out;
}

static int16_t *describe(const int16_t *stream, int16_t *out)
{
    int64_t power = 0, cubes = 0, step_power = 0, step_cubes = 0, loudest = 0, quietest = INT64_MAX;
    int32_t sizes = 0, highest = INT32_MIN, lowest = INT32_MAX, sd, step_sd;
    for (int second = 0; second < SECONDS; second++) {
        int64_t of_second = 0;
        for (int i = second * SECOND; i < (second + 1) * SECOND; i++) {
            const int32_t at = stream[i];
            of_second += at * at; /* 2**30 */
            cubes += (int64_t)at * at * at;
            sizes += at < 0 ? -at : at;
            highest = at > highest ? at : highest;
            lowest = at < lowest ? at : lowest;
        }
        power += of_second;
        loudest = of_second > loudest ? of_second : loudest;
        quietest = of_second < quietest ? of_second : quietest;
    }
    for (int i = 1; i < WIDTH; i++) {
        const int32_t step = saturate(stream[i] - stream[i - 1]);
        step_power += step * step;
        step_cubes += (int64_t)step * step * step;
    }
    sd = deviation(power);
    step_sd = deviation(step_power);
    *out++ = logarithm((uint64_t)power);
    *out++ = (int16_t)(sizes * RATIO_ONE / (WIDTH * sd)); /* 250 * 2**15 * 2**8: within 2**31 */
    *out++ = saturate(highest * RATIO_ONE / sd);
    *out++ = saturate(lowest * RATIO_ONE / sd);
    *out++ = skewness(cubes, sd);
    *out++ = logarithm((uint64_t)step_power);
    *out++ = skewness(step_cubes, step_sd);
    *out++ = crossings(stream, sd / 4);
    *out++ = (int16_t)(logarithm((uint64_t)loudest) - logarithm((uint64_t)quietest));
    return rhythm(stream, power, out);
}

/* -- features of posture ------------------------------------------------------------------------------------------ */

static int16_t *tilt(const selfback_model *model, const frame *of, int16_t *out)
{
    int32_t last[3] = {0, 0, 0}, hop[3], off[3], path = 0, most = 0;
    for (int second = 0; second < SECONDS; second++) {
        for (int axis = 0; axis < 3; axis++) {
            int32_t sum = 0, mean;
            for (int i = second * SECOND; i < (second + 1) * SECOND; i++)
                sum += accel(model, i, axis);
            mean = sum / SECOND;
            hop[axis] = saturate(mean - last[axis]);
            off[axis] = saturate(mean - of->mean[axis]);
            last[axis] = mean;
        }
        path += second > 0 ? root(squares(hop)) : 0;
        most = root(squares(off)) > most ? root(squares(off)) : most;
    }
    *out++ = logarithm((uint64_t)path + 1u);
    *out++ = logarithm((uint64_t)most + 1u);
    return out;
}

static void posture(const selfback_model *model, const frame *of, int64_t level, int64_t forward, int16_t *out)
{
    int64_t power[3] = {0, 0, 0}, vertical = 0, whole;
    int32_t at[3];
    for (int i = 0; i < WIDTH; i++) {
        int32_t down;
        away_from_mean(model, of, i, at);
        for (int axis = 0; axis < 3; axis++)
            power[axis] += at[axis] * at[axis];
        down = split(of, at);
        vertical += down * down;
    }
    whole = level + vertical; /* at most 4 * 250 * 2**30, times 2**12 below */
    for (int axis = 0; axis < 3; axis++)
        *out++ = (int16_t)of->down[axis];
    for (int axis = 0; axis < 3; axis++)
        *out++ = logarithm((uint64_t)power[axis]);
    *out++ = (int16_t)(level * ONE / (whole < 1 ? 1 : whole));
    *out++ = (int16_t)(forward * ONE / (level < 1 ? 1 : level)); /* a length rounded down makes it 3 * ONE at most */
    (void)tilt(model, of, out);
}

/* -- the model ---------------------------------------------------------------------------------------------------- */

static void compute_features(selfback_model *model)
{
    frame of;
    int64_t level, forward = 0;
    int16_t *out = model->features;
    find_gravity(model, &of);
    level = find_ahead(model, &of);
    fill_size(model);
    out = describe(model->stream, out);
    fill_vertical(model, &of);
    out = describe(model->stream, out);
    fill_forward(model, &of);
    out = describe(model->stream, out);
    for (int i = 0; i < WIDTH; i++)
        forward += model->stream[i] * model->stream[i];
    posture(model, &of, level, forward, out);
}

/* Add what each tree says to the score of its class, and return the first class with the best score. */
static int sum_up(selfback_model *model)
{
    int best = 0, of_class = 0;
    for (int c = 0; c < SELFBACK_CLASSES; c++)
        model->scores[c] = base[c];
    for (int tree = 0; tree < TREES; tree++) {
        int place = roots[tree];
        while (place >= 0)
            place = (model->features[node_feature[place]] <= node_threshold[place] ? node_left : node_right)[place];
        model->scores[of_class] += place + LEAF; /* under 2**15 from each of fewer than 2**16 trees */
        of_class = of_class + 1 < SELFBACK_CLASSES ? of_class + 1 : 0;
    }
    for (int c = 1; c < SELFBACK_CLASSES; c++)
        if (model->scores[c] > model->scores[best])
            best = c;
    return best;
}

/* 65535 * 2**(-below / 256) */
static uint32_t weight(uint32_t below)
{
    return below < 16 * 256 ? (uint32_t)weight_table[below & 255] >> (below >> 8) : 0;
}

int selfback_begin(selfback_model *model, int range_g)
{
    model->count = 0;
    model->range_g = (uint8_t)(range_g < 1 || range_g > 16 ? 0 : range_g);
    return model->range_g == 0 ? SELFBACK_REFUSED : SELFBACK_NONE;
}

int selfback_push(selfback_model *model, int16_t x, int16_t y, int16_t z)
{
    int16_t *at = model->samples + 3 * model->count;
    if (model->range_g == 0)
        return SELFBACK_REFUSED;
    at[0] = x;
    at[1] = y;
    at[2] = z;
    if (++model->count < WIDTH)
        return SELFBACK_NONE;
    model->count = 0;
    compute_features(model);
    return sum_up(model);
}

int selfback_confidence(const selfback_model *model, int activity)
{
    int32_t best = INT32_MIN;
    uint32_t all = 0;
    if (activity < 0 || activity >= SELFBACK_CLASSES)
        return 0;
    for (int c = 0; c < SELFBACK_CLASSES; c++)
        best = model->scores[c] > best ? model->scores[c] : best;
    for (int c = 0; c < SELFBACK_CLASSES; c++)
        all += weight((uint32_t)best - (uint32_t)model->scores[c]);
    return (int)(weight((uint32_t)best - (uint32_t)model->scores[activity]) * 255u / all);
}
