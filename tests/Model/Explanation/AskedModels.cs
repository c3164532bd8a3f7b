using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Explanation;

/// <summary>Decoders in double that are asked why: recorded ones of several families, and composed ones with what these do not have.</summary>
internal static class AskedModels
{
    /// <summary>Tokens that all of them have, each once.</summary>
    public static readonly int[] Ids = [5, 10, 43, 12, 23, 7];

    /// <summary>Another text of as many.</summary>
    public static readonly int[] Others = [5, 31, 43, 12, 2, 7];

    /// <summary>The families of docs, and models with norms after the branches, with everything that a decoder can have, and with a window.</summary>
    public static readonly TheoryData<string> Names = new("gpt2-tiny", "family/llama-tiny", "family/qwen3-tiny", "norms-after", "everything", "everything-after", "window");

    public static Decoder<double> Of(string name) => name switch
    {
        "norms-after" => Drawn(Small with { Norm = new() { Place = NormPlace.After } }),
        "everything" => Drawn(Everything),
        "everything-after" => Drawn(Everything with { Norm = new() { Place = NormPlace.After, Epsilon = 1e-3 }, Head = HeadKind.Tied }),
        "window" => Drawn(Small with { Attention = Small.Attention with { Window = 3, KeyHeads = 2 }, Norm = new() { Kind = NormKind.Rms }, Positions = new() { Kind = PositionKind.Rotary } }),
        _ => ModelFolder.Load<double>(Fixtures.File(name.Split('/'))).Model,
    };

    /// <summary>The configuration of a small GPT-2 whose texts can be longer than those of the recorded one.</summary>
    public static TransformerConfig Small { get; } = Gpt2.Config(47, 48, 3, 4, 16) with { InitializerRange = 0.3 };

    private static TransformerConfig Everything => Small with
    {
        NormsEmbedding = true,
        Segments = 2,
        EmbeddingScale = 2.5,
        HeadBias = HeadBias.Trained,
        Head = HeadKind.Own,
        Positions = new() { Kind = PositionKind.Sinusoidal },
        FeedForward = new() { IsGated = true, Width = 24, Activation = Activation.Silu },
    };

    /// <summary>A model with numbers of its own, biases and gains among them, which start at 0 and 1.</summary>
    public static Decoder<double> Drawn(TransformerConfig config)
    {
        Decoder<double> model = new(config);
        model.Initialize(seed: 7);
        Random random = new(11);
        foreach (Parameter<double> vector in model.Parameters.All.Where(parameter => parameter.Role == ParameterRole.Vector))
        {
            foreach (ref double number in vector.Value.Span)
                number += random.NextDouble() - 0.5;
        }
        return model;
    }

    /// <summary>The same model, to be changed.</summary>
    public static Decoder<double> Copy(Decoder<double> model)
    {
        Decoder<double> copy = new(model.Config);
        model.Parameters.Values.Span.CopyTo(copy.Parameters.Values.Span);
        return copy;
    }

    /// <summary>A copy without some parts, their parameters set to zero: nothing of it knows of an observer.</summary>
    public static Decoder<double> Without(Decoder<double> model, params IEnumerable<ModelPart> parts)
    {
        Decoder<double> copy = Copy(model);
        foreach (ModelPart part in parts)
        {
            TransformerBlock<double> block = copy.Stack.Blocks[part.Layer];
            if (part.Kind == PartKind.Head)
                ClearColumns(block.Attention.Output.Weight, part.Head * model.Config.HeadSize, model.Config.HeadSize);
            else
                Clear(part.Kind == PartKind.Attention ? block.Attention.Output : block.FeedForward.Down);
        }
        return copy;
    }

    public static void ClearColumns(Parameter<double> matrix, int first, int count)
    {
        for (int row = 0; row < matrix.Shape[0]; row++)
            matrix.Value.Span.Slice(row * matrix.Shape[1] + first, count).Clear();
    }

    /// <summary>The logits after a text, from a forward pass that nobody observes.</summary>
    public static double[] Logits(Decoder<double> model, int[] ids) => AllLogits(model, ids)[^1];

    /// <summary>The logits after each token of a text.</summary>
    public static double[][] AllLogits(Decoder<double> model, int[] ids)
    {
        using Tape<double> tape = new(records: false);
        return [.. model.Forward(tape, tape.Copy<int>(ids, [1, ids.Length])).Value.Span.ToArray().Chunk(model.Config.VocabularySize)];
    }

    public static double[] LastRow(Tensor<double> rows) => rows.Span[^rows.Shape[-1]..].ToArray();

    private static void Clear(Linear<double> layer)
    {
        layer.Weight.Value.Span.Clear();
        layer.Bias?.Value.Span.Clear();
    }
}
