using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Training;

/// <summary>Starts a model from the parameters of another one.</summary>
public static class ContextCut
{
    /// <summary>A model with the same parameters, which sees at most as much at once and has a dropout of its own.</summary>
    /// <param name="model">The model to start from. It is not changed.</param>
    /// <param name="context">T of the new model: of a position table [T, C], the first rows are kept.</param>
    /// <param name="dropout">The share of activations that training sets to zero, in [0, 1).</param>
    /// <exception cref="ArgumentException">The context is longer than that of the model, or not positive.</exception>
    public static LanguageModel<T> Apply<T>(LanguageModel<T> model, int context, double dropout)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Require.That(context <= model.Config.Context,
            $"a context of {context} is longer than the {model.Config.Context} positions of the model to start from");
        if (context == model.Config.Context && dropout == model.Config.Dropout)
            return model;

        LanguageModel<T> cut = LanguageModel<T>.Create(model.Config with { Context = context, Dropout = dropout });
        foreach ((Parameter<T> from, Parameter<T> to) in model.Parameters.All.Zip(cut.Parameters.All))
            from.Value.Span[..to.Value.Span.Length].CopyTo(to.Value.Span);
        return cut;
    }
}
