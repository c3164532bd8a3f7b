using System.Text;
using LLama;
using LLama.Common;
using LLama.Native;
using Xunit;

namespace MiniGpt.Tests.Parity;

/// <summary>llama.cpp with keys and values in full precision, on one thread.</summary>
internal sealed class LlamaCpp : IDisposable
{
    private readonly LLamaWeights _weights;
    private readonly LLamaContext _context;

    public LlamaCpp(string path)
    {
        ModelParams parameters = new(path)
        {
            ContextSize = 128,
            Threads = 1,
            BatchThreads = 1,
            TypeK = GGMLType.GGML_TYPE_F32,
            TypeV = GGMLType.GGML_TYPE_F32,
            FlashAttention = false,
        };
        _weights = LLamaWeights.LoadFromFile(parameters);
        _context = _weights.CreateContext(parameters);
    }

    /// <summary>The logits after every token, [T, V].</summary>
    public float[] Logits(int[] ids)
    {
        Decode(ids, 0, everywhere: true);
        return [.. Enumerable.Range(0, ids.Length).SelectMany(i => _context.NativeHandle.GetLogitsIth(i).ToArray())];
    }

    public int[] Greedy(int[] prompt, int count)
    {
        List<int> ids = [];
        Decode(prompt, 0, everywhere: false);
        int last = prompt.Length - 1;
        while (ids.Count < count)
        {
            ids.Add(Model.Generation.Greedy.Likeliest<float>(_context.NativeHandle.GetLogitsIth(last)));
            Decode([ids[^1]], prompt.Length + ids.Count - 1, everywhere: false);
            last = 0;
        }
        return [.. ids];
    }

    /// <summary>What the likeliest tokens after a text are, as text, with the file's tokenizer.</summary>
    public string GreedyText(string prompt, int count)
    {
        int[] ids = [.. _weights.Tokenize(prompt, add_bos: false, special: false, Encoding.UTF8).Select(token => (int)token)];
        byte[] piece = new byte[64];
        return string.Concat(Greedy(ids, count).Select(id =>
            Encoding.UTF8.GetString(piece, 0, (int)_weights.NativeHandle.TokenToSpan((LLamaToken)id, piece))));
    }

    public void Dispose()
    {
        _context.Dispose();
        _weights.Dispose();
    }

    private void Decode(int[] ids, int position, bool everywhere)
    {
        if (position == 0)
            _context.NativeHandle.MemoryClear();
        LLamaBatch batch = new();
        for (int i = 0; i < ids.Length; i++)
            batch.Add((LLamaToken)ids[i], position + i, LLamaSeqId.Zero, everywhere || i == ids.Length - 1);
        Assert.Equal(DecodeResult.Ok, _context.NativeHandle.Decode(batch));
    }
}
