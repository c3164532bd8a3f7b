using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Training;
using MiniGpt.Tensors;

namespace MiniGpt.Tests.Model;

/// <summary>A model's forward pass on a tape, and its training on tokens, each in one call.</summary>
internal static class Steps
{
    public static Variable<T> Hidden<T>(this Decoder<T> model, Tape<T> tape, Tensor<int> ids)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => model.Hidden(ids, new ForwardPass<T>(tape));

    public static Variable<T> Forward<T>(this Decoder<T> model, Tape<T> tape, Tensor<int> ids)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => model.Logits(ids, new ForwardPass<T>(tape));

    public static Variable<T> Loss<T>(this Decoder<T> model, Tape<T> tape, Tensor<int> ids, Tensor<int> targets)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => model.Loss(ids, targets, new ForwardPass<T>(tape));

    /// <summary>A trainer of the next token.</summary>
    public static Trainer<T> Trainer<T>(Decoder<T> model, TrainingOptions options, TokenSource tokens, double ceiling = 1e12)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => new(
            new NextTokenTask<T>(model, options.NextToken, tokens), options.CreateOptimizer(model.Parameters), options.LearningRates,
            options.ClipNorm, ceiling);
}
