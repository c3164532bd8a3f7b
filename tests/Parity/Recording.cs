using System.Numerics;
using System.Text.Json;
using MiniGpt.Autograd;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Formats.Families;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Parity;

/// <summary>trace.json and trace.safetensors of a folder.</summary>
internal sealed class Recording(string folder) : IDisposable
{
    private readonly JsonDocument _document = JsonDocument.Parse(File.ReadAllBytes(Fixtures.File(folder, "trace.json")));

    public JsonElement Json => _document.RootElement;

    public SafetensorsFixture Trace { get; } = new(folder, "trace.safetensors");

    public (Tensor<int> Ids, Tensor<int> Targets) Batch<T>(Tape<T> tape, int step, TransformerConfig config)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int batchSize = Json.GetProperty("batch").GetInt32(), context = Json.GetProperty("context").GetInt32();
        TokenSource tokens = TokenSource.FromIds(Trace.ReadIntegers<int>("tokens").Span, config.VocabularySize);
        Tensor<int> ids = tape.Allocate<int>([batchSize, context]), targets = tape.Allocate<int>([batchSize, context]);
        BatchSource.Create(BatchOrder.Sequential, tokens, context, batchSize, microBatches: 1, seed: 0).Fill(step, 0, ids.Span, targets.Span);
        return (ids, targets);
    }

    /// <summary>The integers of one step of a recorded batch, [S, B, T], on the tape.</summary>
    public Tensor<TInteger> Step<T, TInteger>(Tape<T> tape, string name, int step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TInteger : unmanaged, IBinaryInteger<TInteger>
    {
        Tensor<TInteger> all = Trace.ReadIntegers<TInteger>(name).Slice(0, step, 1);
        return tape.Copy<TInteger>(all.Span, all.Shape.Without(0));
    }

    /// <summary>A mask of what is there as the marks of what is padding.</summary>
    public PaddingMask Padding<T>(Tape<T> tape, string name, int step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<byte> marks = Step<T, byte>(tape, name, step);
        foreach (ref byte mark in marks.Span)
            mark = mark == 0 ? (byte)1 : (byte)0;
        return new PaddingMask { Marks = marks };
    }

    /// <summary>Whether a recorded mask is set at each place of a step.</summary>
    public bool[] Mask(string name, int step) => [.. Trace.ReadIntegers<int>(name).Slice(0, step, 1).Span.ToArray().Select(mark => mark != 0)];

    /// <summary>Takes the recorded steps, and compares loss, norm and parameters with the recorded ones.</summary>
    /// <param name="parameters">The parameters of the model.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="loss">The loss of a step on a tape.</param>
    /// <param name="tolerance">How far they may be off.</param>
    /// <param name="withKeyBiases">Whether biases of keys are compared, whose gradients are nothing but rounding.</param>
    public void CompareSteps<T>(
        ParameterSet<T> parameters, TransformerConfig config, Func<Tape<T>, int, Variable<T>> loss, double tolerance, bool withKeyBiases)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        JsonElement hyper = Json.GetProperty("hyper");
        var optimizer = new AdamW<T>(parameters, new AdamWOptions(Hyper("beta1"), Hyper("beta2"), Hyper("eps"), Hyper("weight_decay")));
        using var tape = new Tape<T>();
        for (int step = 0; step < Json.GetProperty("steps").GetInt32(); step++)
        {
            tape.Reset();
            parameters.ClearGradients();
            Variable<T> result = loss(tape, step);
            Assert.Equal(Json.GetProperty("losses")[step].GetDouble(), double.CreateChecked(result.Value.Span[0]), tolerance);
            tape.Backward(result);
            double norm = parameters.GradientNorm();
            Assert.Equal(Json.GetProperty("grad_norms")[step].GetDouble(), norm, tolerance);
            optimizer.Update(Hyper("learning_rate"), Optimizer<T>.ClipScale(norm, Hyper("clip_norm")));
        }
        foreach (Parameter<T> parameter in parameters.Trained)
            Compare("after/", parameter, parameter.Value, config, tolerance, withKeyBiases);

        double Hyper(string name) => hyper.GetProperty(name).GetDouble();
    }

    /// <summary>Compares the gradients of the first step, all that were recorded.</summary>
    public void CompareGradients<T>(ParameterSet<T> parameters, TransformerConfig config, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int compared = parameters.Trained.Sum(parameter =>
            Compare("grad/", parameter, parameter.Variable.Gradient, config, tolerance, withKeyBiases: true));
        Assert.Equal(Trace.Names.Count(name => name.StartsWith("grad/", StringComparison.Ordinal)), compared);
    }

    /// <summary>Compares a parameter, or its gradient, with the tensors that it is in Hugging Face's layout; returns how many.</summary>
    public int Compare<T>(
        string kind, Parameter<T> parameter, Tensor<T> actual, TransformerConfig config, double tolerance, bool withKeyBiases)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int count = 0;
        int keyBias = parameter.Name.EndsWith("qkv.bias", StringComparison.Ordinal) ? 1
            : parameter.Name.EndsWith("key_value.bias", StringComparison.Ordinal) ? 0 : -1;
        foreach (FilePart part in ModelWeights.Layout(FamilyFormat.Of(config).HuggingFace, parameter))
        {
            string name = kind + part.Name;
            Tensor<double> expected = Trace.Read<double>(name);
            expected = part.Layout == TensorLayout.Transposed ? Transposed(expected) : expected;
            count++;
            for (int i = 0, row = 0; i < parameter.Parts.Count; row += parameter.Parts[i++])
            {
                bool isInside = row >= part.FirstRow && row < part.FirstRow + part.Rows;
                if (isInside && (withKeyBiases || i != keyBias))
                {
                    SafetensorsFixture.AssertClose(name, expected.Slice(0, row - part.FirstRow, parameter.Parts[i]),
                        actual.Slice(0, row, parameter.Parts[i]), tolerance);
                }
            }
        }
        return count;
    }

    public void Dispose()
    {
        _document.Dispose();
        Trace.Dispose();
    }

    private static Tensor<double> Transposed(Tensor<double> matrix)
    {
        Tensor<double> view = matrix.Transpose(0, 1), result = new(view.Shape);
        for (int row = 0; row < view.Shape[0]; row++)
        {
            for (int column = 0; column < view.Shape[1]; column++)
                result[row, column] = view[row, column];
        }
        return result;
    }
}
