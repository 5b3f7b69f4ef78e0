# Writes trial/people.csv (made-up people) and trial/reference.json (what R's own packages make of them).
# Run: Rscript tests/golden/write_trial_reference.R tests/golden/trial
# Needs nlme, geepack, mice, AER and sandwich (Debian: r-cran-nlme r-cran-geepack r-cran-mice r-cran-aer).
suppressPackageStartupMessages({ library(nlme); library(geepack); library(mice); library(AER) })
folder <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20211)

# 160 people, five visits, dropout that depends on the last value seen, and a few single gaps.
n <- 160
visits <- c("baseline", "week_6", "month_3", "month_6", "month_9")
arm <- sample(rep(c(0, 1), n / 2))
country <- sample(c("DK", "NO"), n, replace = TRUE, prob = c(0.7, 0.3))
provider <- sample(c("chiropractor", "gp", "physiotherapist"), n, replace = TRUE)
age <- round(rnorm(n, 47, 14))
sd <- c(4.5, 4.3, 4.4, 4.6, 4.8)
root <- chol(outer(sd, sd) * 0.75^(0.4 + abs(outer(1:5, 1:5, "-"))) * (1 - diag(5)) + diag(sd^2))
y <- matrix(rnorm(n * 5), n) %*% root + rep(c(10.5, 8.2, 7.5, 7.2, 7), each = n) + 0.8 * (country == "NO")
y[, 2:5] <- y[, 2:5] - arm * rep(c(0.8, 1.6, 1.4, 1.5), each = n) - 0.02 * arm * (age - 47)
for (t in 2:5) {
  gone <- runif(n) < plogis(-2.8 + 0.1 * (y[, t - 1] - 9))
  gone[is.na(gone)] <- TRUE
  y[gone, t:5] <- NA
}
y[cbind(sample(n, 6), sample(2:5, 6, replace = TRUE))] <- NA
plans <- ifelse(arm == 1, rbinom(n, 12, plogis(rnorm(n, 0.5, 1.5))), 0)
y <- round(y, 3)
wide <- data.frame(person = sprintf("p%03d", 1:n), arm = ifelse(arm == 1, "app", "usual"), country, provider, age, plans, y)
names(wide)[7:11] <- visits
write.csv(wide, file.path(folder, "people.csv"), row.names = FALSE, quote = FALSE, na = "")

long <- data.frame(
  id = rep(1:n, each = 5), vi = rep(1:5, n), y = c(t(y)), arm = rep(arm, each = 5), base = rep(y[, 1], each = 5),
  country = rep(country, each = 5), provider = rep(provider, each = 5), age = rep(age - mean(age), each = 5)
)
long$visit <- factor(visits[long$vi], levels = visits)
for (t in 2:5) {
  long[[paste0("a", t)]] <- long$arm * (long$vi == t)
  long[[paste0("m", t)]] <- long$arm * (long$vi == t) * long$age
}

out <- list()
effects <- function(beta, v, names) list(value = unname(beta[names]), se = unname(sqrt(diag(v)[names])))

tight <- glsControl(tolerance = 1e-10, msTol = 1e-13, maxIter = 500, msMaxIter = 2000, opt = "nlminb")
gls_of <- function(form, correlation, weights, method) {
  gls(form, long, correlation, weights, na.action = na.omit, method = method, control = tight)
}
arms <- paste0("a", 2:5)
plain <- y ~ 0 + visit + a2 + a3 + a4 + a5 + country + provider
rows <- list(
  unstructured = list(corSymm(form = ~ vi | id), varIdent(form = ~ 1 | visit), "REML"),
  unstructured_ml = list(corSymm(form = ~ vi | id), varIdent(form = ~ 1 | visit), "ML"),
  ar1 = list(corAR1(form = ~ vi | id), varIdent(form = ~ 1 | visit), "REML"),
  symmetric = list(corCompSymm(form = ~ 1 | id), NULL, "REML")
)
for (name in names(rows)) {
  fit <- gls_of(plain, rows[[name]][[1]], rows[[name]][[2]], rows[[name]][[3]])
  out[[paste0("gls_", name)]] <- c(effects(coef(fit), vcov(fit), arms), list(loglik = as.numeric(logLik(fit))))
  if (name == "unstructured") out$gls_sigma <- as.vector(getVarCov(fit, individual = as.character(which(complete.cases(y))[1])))
}
fit <- gls_of(
  y ~ 0 + visit + visit:age + a2 + a3 + a4 + a5 + m2 + m3 + m4 + m5 + country + provider,
  corSymm(form = ~ vi | id), varIdent(form = ~ 1 | visit), "REML"
)
out$gls_moderated <- effects(coef(fit), vcov(fit), paste0("m", 2:5))

after <- subset(long, vi > 1 & !is.na(y))
after$wave <- as.integer(after$vi - 1)
after$visit <- droplevels(after$visit)
after$responder <- as.numeric(after$base - after$y >= 4)
for (corstr in c("independence", "exchangeable", "unstructured")) {
  # geepack 1.3.9 crashes on "unstructured" with gaps in waves; the same model given as its own pairs doesn't.
  pairs <- if (corstr == "unstructured") genZcor(clusz = table(after$id), waves = after$wave, corstrv = 4) else NULL
  fit <- geeglm(responder ~ 0 + visit + a2 + a3 + a4 + a5 + country + provider + base, binomial, after,
    id = id, corstr = if (is.null(pairs)) corstr else "userdefined", zcor = pairs,
    control = geese.control(epsilon = 1e-10, maxit = 200))
  v <- fit$geese$vbeta
  dimnames(v) <- list(names(coef(fit)), names(coef(fit)))
  out[[paste0("gee_", corstr)]] <- effects(coef(fit), v, c(arms, "base"))
  out[[paste0("gee_", corstr)]]$alpha <- as.numeric(fit$geese$alpha)
  # Standardised risk difference at three months, with the delta method.
  everyone <- data.frame(country, provider, base = y[, 1])
  x <- function(a) cbind(0, 1, 0, 0, 0, a, 0, 0, country == "NO", provider == "gp", provider == "physiotherapist", y[, 1])
  b <- coef(fit)[c("visitweek_6", "visitmonth_3", "visitmonth_6", "visitmonth_9", arms, "countryNO", "providergp",
    "providerphysiotherapist", "base")]
  p <- lapply(0:1, function(a) plogis(x(a) %*% b))
  slope <- colMeans(x(1) * c(p[[2]] * (1 - p[[2]]))) - colMeans(x(0) * c(p[[1]] * (1 - p[[1]])))
  out[[paste0("gee_", corstr)]]$risk_difference <- c(mean(p[[2]]) - mean(p[[1]]), sqrt(slope %*% v[names(b), names(b)] %*% slope))
}

seen <- !is.na(y[, 3])
one <- data.frame(y = y[, 3], base = y[, 1], arm, country, provider, took = as.numeric(plans >= 5))[seen, ]
iv <- ivreg(y ~ took + base + country + provider | arm + base + country + provider, data = one)
out$cace <- list(value = unname(coef(iv)["took"]), se = unname(sqrt(vcovHC(iv, type = "HC1")["took", "took"])))
ancova <- lm(y ~ arm + base + country + provider, one)
out$ancova <- list(value = unname(coef(ancova)["arm"]), se = unname(sqrt(vcov(ancova)["arm", "arm"])))

# Imputed by arm, so that covariances may differ; many times, so that what is left is the noise of the method.
imputed <- lapply(0:1, function(a) {
  part <- data.frame(y, no = as.numeric(country == "NO"), gp = as.numeric(provider == "gp"), ph = as.numeric(provider == "physiotherapist"))[arm == a, ]
  complete(mice(part, m = 400, method = "norm", maxit = 20, printFlag = FALSE, seed = 7 + a), "all")
})
fits <- lapply(1:400, function(k) {
  part <- rbind(cbind(imputed[[1]][[k]], arm = 0), cbind(imputed[[2]][[k]], arm = 1))
  lm(X3 ~ arm + X1 + no + gp + ph, part)
})
pooled <- summary(pool(fits))
row <- pooled[pooled$term == "arm", ]
within <- sapply(fits, function(fit) vcov(fit)["arm", "arm"])
between <- var(sapply(fits, function(fit) coef(fit)["arm"]))
out$mice <- list(value = row$estimate, se = row$std.error, df = row$df, within = mean(within), between = between, imputations = 400)

number <- function(x) paste0("[", paste(formatC(x, digits = 12, format = "g"), collapse = ", "), "]")
entry <- function(x) if (is.list(x)) paste0("{", paste(sprintf('"%s": %s', names(x), lapply(x, entry)), collapse = ", "), "}") else number(x)
versions <- paste(R.version.string, "nlme", packageVersion("nlme"), "geepack", packageVersion("geepack"), "mice",
  packageVersion("mice"), "AER", packageVersion("AER"))
lines <- sprintf('  "%s": %s', names(out), lapply(out, entry))
writeLines(c("{", sprintf('  "written_by": "%s",', versions), paste(lines, collapse = ",\n"), "}"), file.path(folder, "reference.json"))
