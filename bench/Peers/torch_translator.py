#!/usr/bin/python3
"""The peer that MiniGpt's translator races: the same encoder and decoder in PyTorch, trained by the same recipe on the same ids, on this machine's CPU.

    torch_translator.py FOLDER [STEPS]

FOLDER, which bench/EndToEnd/race-translation fills, has the config.json and the training.json of a run of `minigpt train --task translate`, and train.ids,
dev.ids and test.ids: a pair a line, the ids of its sentence, a tab, and those of its translation. Sizes, dropout, label smoothing, optimizer and schedule
are the run's; STEPS, where they are given, stand for the run's. Batches are made as the run makes them, of as many pairs of similar lengths, in an order of
their own. Prints the loss while it falls, the seconds of training alone, the loss of dev.ids, and the seconds of translating test.ids, the likeliest token
at each step; writes a line of ids a translation to FOLDER/torch.ids.

Needs PyTorch 2 (scaled_dot_product_attention). PEER_THREADS says how many threads, 2 where it is not set.
"""
import json, math, os, random, sys, time
threads = int(os.environ.get('PEER_THREADS', '2'))
os.environ.setdefault('OMP_NUM_THREADS', str(threads)); os.environ.setdefault('OPENBLAS_NUM_THREADS', str(threads))
import torch, torch.nn as nn, torch.nn.functional as F
torch.set_num_threads(threads)

# What brings singular values near 1 in four steps, the smallest relative one of interest being 0.003: the best odd polynomials of degree 5, as the run's.
POLYNOMIALS = [(8.383673612923157, -24.765905857974516, 18.357081892887585), (4.043420433700432, -3.011404993841538, 0.5695121503191832),
               (3.505570617243892, -2.6266538356180984, 0.5257194048203216), (2.4901159394442556, -1.8342750827526708, 0.4368347068954246)]


class Attention(nn.Module):
    def __init__(self, width, heads, dropout, crosses=False):
        super().__init__(); self.heads, self.dropout, self.crosses = heads, dropout, crosses
        self.query, self.key_value = (nn.Linear(width, width), nn.Linear(width, 2 * width)) if crosses else (None, None)
        self.qkv = None if crosses else nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def split(self, x, parts):
        B, T, C = x.shape; return x.view(B, T, parts, self.heads, C // parts // self.heads).permute(2, 0, 3, 1, 4)

    def attend(self, q, k, v, mask=None, causal=False):
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=self.dropout if self.training else 0.0, is_causal=causal)
        return F.dropout(self.output(y.transpose(1, 2).flatten(2)), self.dropout, self.training)

    def keys_values(self, source): return self.split(self.key_value(source), 2)


class Block(nn.Module):
    def __init__(self, width, heads, inner, dropout, crosses):
        super().__init__(); self.dropout = dropout
        self.attention, self.attention_norm = Attention(width, heads, dropout), nn.LayerNorm(width)
        self.source, self.source_norm = (Attention(width, heads, dropout, True), nn.LayerNorm(width)) if crosses else (None, None)
        self.up, self.down, self.norm = nn.Linear(width, inner), nn.Linear(inner, width), nn.LayerNorm(width)

    def rest(self, x, source=None, mask=None):
        if self.source is not None:
            x = self.source_norm(x + self.source.attend(self.source.split(self.source.query(x), 1)[0], *source, mask))
        return self.norm(x + F.dropout(self.down(F.silu(self.up(x))), self.dropout, self.training))

    def forward(self, x, mask=None, source=None, source_mask=None):
        q, k, v = self.attention.split(self.attention.qkv(x), 3)
        x = self.attention_norm(x + self.attention.attend(q, k, v, mask, causal=self.source is not None))
        return self.rest(x, source if source is None else self.source.keys_values(source), source_mask)

    def step(self, x, memory, position, source, source_mask):
        """One token more of each translation; what came before lies in the memory."""
        q, k, v = self.attention.split(self.attention.qkv(x), 3)
        memory[0][:, :, position:position + 1], memory[1][:, :, position:position + 1] = k, v
        x = self.attention_norm(x + self.attention.attend(q, memory[0][:, :, :position + 1], memory[1][:, :, :position + 1]))
        return self.rest(x, source, source_mask)


class Translator(nn.Module):
    def __init__(self, c):
        super().__init__(); width, self.context, self.dropout, self.heads = c['d_model'], c['max_position_embeddings'], c['dropout'], c['decoder_attention_heads']
        self.tokens = nn.Embedding(c['vocab_size'], width); self.scale = math.sqrt(width) if c['scale_embedding'] else 1.0
        angles = torch.arange(self.context, dtype=torch.float64)[:, None] / 10000 ** (torch.arange(0, width, 2, dtype=torch.float64) / width)
        self.register_buffer('positions', torch.cat([angles.sin(), angles.cos()], 1).float())
        self.encoder = nn.ModuleList(Block(width, c['encoder_attention_heads'], c['encoder_ffn_dim'], self.dropout, False) for _ in range(c['encoder_layers']))
        self.decoder = nn.ModuleList(Block(width, self.heads, c['decoder_ffn_dim'], self.dropout, True) for _ in range(c['decoder_layers']))
        for stack in (self.encoder, self.decoder):
            for name, p in stack.named_parameters():
                if p.dim() > 1: nn.init.normal_(p, 0, c['init_std'] / (math.sqrt(2 * len(stack)) if name.endswith(('output.weight', 'down.weight')) else 1))
                elif name.endswith('bias'): nn.init.zeros_(p)
        nn.init.normal_(self.tokens.weight, 0, c['init_std'])

    def embed(self, ids, first=0):
        return F.dropout(self.tokens(ids) * self.scale + self.positions[first:first + ids.shape[1]], self.dropout, self.training)

    def encode(self, ids, mask):
        x = self.embed(ids)
        for block in self.encoder: x = block(x, mask)
        return x

    def loss(self, source, mask, inputs, targets, smoothing=0.0):
        encoded, x = self.encode(source, mask), self.embed(inputs)
        for block in self.decoder: x = block(x, None, encoded, mask)
        return F.cross_entropy((x @ self.tokens.weight.t()).flatten(0, 1), targets.flatten(), ignore_index=-100, label_smoothing=smoothing)

    @torch.inference_mode()
    def translate(self, source, mask, begin, end, padding, most):
        encoded, B, width = self.encode(source, mask), source.shape[0], self.tokens.weight.shape[1]
        sources = [block.source.keys_values(encoded) for block in self.decoder]
        memories = [[torch.empty(B, self.heads, most, width // self.heads) for _ in 'kv'] for _ in self.decoder]
        ids, written, done = torch.full((B, 1), begin), [], torch.zeros(B, dtype=torch.bool)
        for position in range(most):
            x = self.embed(ids, position)
            for block, memory, keys_values in zip(self.decoder, memories, sources): x = block.step(x, memory, position, keys_values, mask)
            logits = x[:, -1] @ self.tokens.weight.t(); logits[:, padding] = -math.inf
            ids = logits.argmax(-1, keepdim=True); written.append(ids); done |= ids[:, 0] == end
            if done.all(): break
        return [row[:row.index(end)] if end in row else row for row in torch.cat(written, 1).tolist()]


class Muon:
    """Momentum, made orthogonal, for each matrix; those that lie in one for speed alone are taken apart."""
    def __init__(self, matrices, decay):
        self.decay, self.steps = decay, 0
        self.parts = [(p, rows, torch.zeros(rows.stop - rows.start, p.shape[1])) for p, count in matrices
                      for rows in (slice(i * p.shape[0] // count, (i + 1) * p.shape[0] // count) for i in range(count))]

    @torch.no_grad()
    def step(self, rate):
        self.steps += 1; momentum = 0.85 + 0.1 * min(1, self.steps / 300)
        for p, rows, mean in self.parts:
            w, g = p[rows], p.grad[rows]; mean.lerp_(g, 1 - momentum); x = g.lerp(mean, momentum); turned = x.shape[0] > x.shape[1]
            if turned: x = x.t()
            x = x / (x.norm() + 1e-7)
            for a, b, c in POLYNOMIALS:
                gram = x @ x.t(); x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
            w.mul_(1 - rate * self.decay).add_(x.t() if turned else x, alpha=-rate * math.sqrt(max(1, w.shape[0] / w.shape[1])))


def read(path): return [tuple([int(i) for i in side.split()] for side in line.rstrip('\n').split('\t')) for line in open(path)]

def padded(rows, filler):
    longest = max(map(len, rows)); return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])

def batch(pairs):
    source = padded([s + [end] for s, _ in pairs], padding)
    mask = padded([[True] * (len(s) + 1) for s, _ in pairs], False)[:, None, None, :]
    return source, None if mask.all() else mask, padded([[begin] + t for _, t in pairs], padding), padded([t + [end] for _, t in pairs], -100)

def batches(pairs, size, seed):
    """Batches of pairs of similar lengths: each pass in another order, sorted within pools of 50 batches."""
    order, chance = list(range(len(pairs))), random.Random(seed)
    while True:
        chance.shuffle(order); pool = 50 * size
        for at in range(0, len(order), pool): order[at:at + pool] = sorted(order[at:at + pool], key=lambda i: (len(pairs[i][1]), len(pairs[i][0])))
        numbers = list(range(len(order) // size)); chance.shuffle(numbers)
        for number in numbers: yield [pairs[i] for i in order[number * size:(number + 1) * size]]

def rate_of(step):
    peak, least, warmup, decays = o['learning_rate'], o['min_learning_rate'], o['warmup_steps'], o.get('decay_fraction') or 1
    if step < warmup: return peak * (step + 1) / (warmup + 1)
    start = max(warmup, steps - decays * steps)
    if o['schedule'] == 'constant' or (step <= start and decays < 1): return peak
    done = (step - start) / (steps - start); return least + (peak - least) * (0.5 * (1 + math.cos(math.pi * done)) if o['schedule'] == 'cosine' else 1 - done)

folder = sys.argv[1]; config = json.load(open(f'{folder}/config.json')); o = json.load(open(f'{folder}/training.json'))['options']
for key, wanted in dict(activation_function='silu', share_encoder_decoder_embeddings=True).items(): assert config[key] == wanted, f'{key} {config[key]}: {wanted} expected'
assert o['optimizer'] == 'muon' and o.get('accumulate', 1) == 1, 'a run of Muon whose steps have a batch each expected'
steps = int(sys.argv[2]) if len(sys.argv) > 2 else o['steps']; config['dropout'] = o['dropout']
begin, end, padding = config['decoder_start_token_id'], config['eos_token_id'], config['pad_token_id']
train, dev, test = (read(f'{folder}/{name}.ids') for name in ('train', 'dev', 'test'))
torch.manual_seed(o['seed']); model = Translator(config); tokens = 0
matrices = [p for name, p in model.named_parameters() if p.dim() > 1 and name != 'tokens.weight']
parts = {id(p): 3 if name.endswith('qkv.weight') else 2 if name.endswith('key_value.weight') else 1 for name, p in model.named_parameters()}
muon = Muon([(p, parts[id(p)]) for p in matrices], o['weight_decay'])
adamw = torch.optim.AdamW([dict(params=[model.tokens.weight], weight_decay=o['weight_decay']), dict(params=[p for p in model.parameters() if p.dim() == 1], weight_decay=0.0)],
                          lr=o['learning_rate'], betas=(o['beta1'], o['beta2']), eps=o['epsilon'], fused=True)
print(f"PyTorch {torch.__version__}, {threads} threads, {sum(p.numel() for p in model.parameters())} parameters, {len(train)} pairs, {steps} steps of {o['batch_size']}", flush=True)

model.train(); start = time.perf_counter(); losses = []
for i, pairs in zip(range(steps), batches(train, o['batch_size'], o['seed'])):
    loss = model.loss(*batch(pairs), o.get('label_smoothing', 0.0)); loss.backward()
    if o['clip_norm'] > 0: torch.nn.utils.clip_grad_norm_(model.parameters(), o['clip_norm'])
    rate = rate_of(i); muon.step(o['matrix_rate'] * rate / o['learning_rate'])
    for group in adamw.param_groups: group['lr'] = rate
    adamw.step(); model.zero_grad(); losses.append(loss.item()); tokens += sum(len(t) + 1 for _, t in pairs)
    if (i + 1) % max(1, steps // 20) == 0:
        print(f'step {i + 1}, loss {sum(losses) / len(losses):.4f}, {time.perf_counter() - start:.1f} s', flush=True); losses = []
print(f'trained {time.perf_counter() - start:.2f} s, {steps} steps, {tokens} tokens of translations', flush=True)

model.eval(); total = count = 0
with torch.inference_mode():
    for at in range(0, len(dev), 64):
        part = dev[at:at + 64]; words = sum(len(t) + 1 for _, t in part); total += model.loss(*batch(part)).item() * words; count += words
print(f'validation loss {total / count:.4f}', flush=True)
start = time.perf_counter(); order = sorted(range(len(test)), key=lambda i: len(test[i][0])); lines = [None] * len(test)
for at in range(0, len(order), 64):
    numbers = order[at:at + 64]; source, mask, _, _ = batch([test[i] for i in numbers])
    for i, ids in zip(numbers, model.translate(source, mask, begin, end, padding, min(200, model.context))): lines[i] = ids
print(f'translated {time.perf_counter() - start:.2f} s, {len(test)} sentences', flush=True)
with open(f'{folder}/torch.ids', 'w') as out: out.writelines(' '.join(map(str, ids)) + '\n' for ids in lines)
